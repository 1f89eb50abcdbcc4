#include "measure/cost/cost_table.h"

#include <algorithm>

#include "core/error.h"
#include "core/numeric/quantile.h"

namespace octet {
namespace {

constexpr int kLeastUnit = 8;  // fewer channels than this cost as much

// Numbers of channels at which times are measured: 1, 2, 4, 8 … units. Kernels leave out the rest of
// their first unit, so below it times are measured at the least number, twice that, and so on.
struct Axis {
  int unit, least;

  // The nodes from the first to the one that reaches `channels`.
  [[nodiscard]] std::vector<int> up_to(int channels) const {
    std::vector<int> nodes;
    for (int node = least; node < unit; node *= 2) {
      nodes.push_back(node);
      if (node >= channels) return nodes;
    }
    nodes.push_back(unit);
    while (nodes.back() < channels) nodes.push_back(2 * nodes.back());
    return nodes;
  }
  [[nodiscard]] int filled(int channels) const {
    const int step = channels < unit ? least : unit;
    return (channels + step - 1) / step * step;
  }
  // From the one that the least share of `channels` needs.
  [[nodiscard]] std::vector<int> within(int channels) const {
    std::vector<int> nodes = up_to(channels);
    const int fewest = channels / kLeastShareOfChannels;
    while (nodes.size() > 1 && nodes[1] <= fewest) nodes.erase(nodes.begin());
    return nodes;
  }
};

// `channels` as (1 − share) · low + share · high, after rounding up to a whole unit.
struct Between {
  int low, high;
  double share;
};
Between place(const Axis& axis, int channels) {
  const auto nodes = axis.up_to(channels);
  const int high = nodes.back();
  const int low = nodes.size() > 1 ? nodes[nodes.size() - 2] : high;
  const int rounded = axis.filled(channels);
  return {low, high, low == high ? 1.0 : 1.0 * (rounded - low) / (high - low)};
}

// The axes of a kind. Layers without an axis are in the table as they are.
struct Grid {
  enum class Form { kFixed, kOutputs, kBoth, kEqual, kHalved } form;
  Axis inputs, outputs;
};
Grid grid_of(const LayerKind& kind, const ChannelSteps& steps) {
  using Form = Grid::Form;
  const Axis in{std::max(kLeastUnit, steps.inputs), kLeastUnit};
  const Axis out{std::max(kLeastUnit, steps.outputs), kLeastUnit};
  if (kind.op == kImageLayer || kind.groups > 1) return {Form::kFixed, in, out};
  if (is_convolution_of_all(kind))
    return {kind.reads_image ? Form::kOutputs : Form::kBoth, in, out};
  if (kind.op == Slice::kTraits.name) return {Form::kHalved, in, out};
  // Every value of a Concat has whole units.
  const int values = kind.op == Concat::kTraits.name ? kind.values : 1;
  return {Form::kEqual, in, {out.unit * values, out.least * values}};
}

Layer at(const LayerKind& kind, const Grid& grid, int inputs, int outputs) {
  if (grid.form == Grid::Form::kEqual) return {kind, outputs, outputs};
  if (grid.form == Grid::Form::kHalved) return {kind, 2 * outputs, outputs};
  return {kind, inputs, outputs};
}

struct Corner {
  Layer point;
  double weight;
};
std::vector<Corner> corners_of(const Layer& layer, const ChannelSteps& steps) {
  const Grid grid = grid_of(layer.kind, steps);
  if (grid.form == Grid::Form::kFixed) return {{layer, 1}};
  const Between out = place(grid.outputs, layer.outputs);
  const Between in = grid.form == Grid::Form::kBoth ? place(grid.inputs, layer.inputs)
                                                    : Between{layer.inputs, layer.inputs, 1};
  std::vector<Corner> corners;
  for (const auto& [inputs, a] : {std::pair{in.low, 1 - in.share}, {in.high, in.share}}) {
    for (const auto& [outputs, b] : {std::pair{out.low, 1 - out.share}, {out.high, out.share}}) {
      if (a * b > 0) corners.push_back({at(layer.kind, grid, inputs, outputs), a * b});
    }
  }
  return corners;
}

}  // namespace

bool same_processor(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

std::string difference(const CostOrigin& table, const CostOrigin& here) {
  const auto differs = [](const char* what, const auto& there, const auto& own) {
    return fmt::format("it was measured with {} {}, and here is {}", what, there, own);
  };
  if (table.engine != here.engine) return differs("engine", table.engine, here.engine);
  if (table.engine_version != here.engine_version)
    return differs("the engine", table.engine_version, here.engine_version);
  if (here.processor.empty()) return "this processor tells no name, so the table may be another's";
  if (!same_processor(table.processor, here.processor))
    return differs("the processor", table.processor, here.processor);
  if (table.threads != here.threads) return differs("--threads", table.threads, here.threads);
  if (table.weight_bits != here.weight_bits)
    return differs("weights of bits", table.weight_bits, here.weight_bits);
  if (table.octet != here.octet) return differs("octet", table.octet, here.octet);
  return "";
}

double CostTable::cost(const Layer& layer) const {
  double seconds = 0;
  for (const auto& [point, weight] : corners_of(layer, steps_)) {
    const auto found = times_.find(point);
    if (found == times_.end())
      fail(
          "the cost table has no time for [{}]; measure it on that device with 'octet bench "
          "--cost-table'",
          to_string(layer));
    seconds += weight * found->second;
  }
  return seconds;
}

double CostTable::correction(Size size) const {
  std::vector<double> at_size, all;
  for (const NetworkTime& n : networks_) {
    if (n.predicted_s <= 0) continue;
    all.push_back(n.measured_s / n.predicted_s);
    if (n.size == size) at_size.push_back(all.back());
  }
  if (all.empty()) return 1;
  return median(at_size.empty() ? all : at_size);
}

std::vector<Layer> CostTable::points_of(const Layer& layer) const {
  std::vector<Layer> points;
  for (const auto& [point, weight] : corners_of(layer, steps_)) points.push_back(point);
  return points;
}

std::vector<Layer> CostTable::points_within(const Layer& layer) const {
  const Grid grid = grid_of(layer.kind, steps_);
  if (grid.form == Grid::Form::kFixed) return {layer};
  std::vector<Layer> points;
  const bool both = grid.form == Grid::Form::kBoth;
  for (const int inputs : both ? grid.inputs.within(layer.inputs) : std::vector{layer.inputs}) {
    for (const int outputs : grid.outputs.within(layer.outputs))
      points.push_back(at(layer.kind, grid, inputs, outputs));
  }
  return points;
}

void CostTable::add(const NetworkTime& network) {
  const auto same = [&](const NetworkTime& n) {
    return n.model == network.model && n.size == network.size;
  };
  std::erase_if(networks_, same);
  networks_.push_back(network);
}

}  // namespace octet
