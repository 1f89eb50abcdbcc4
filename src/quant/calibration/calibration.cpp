#include "quant/calibration/calibration.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "quant/calibration/pose_values.h"
#include "quant/calibration/silu_ranges.h"
#include "quant/params.h"

namespace octet {
namespace {

constexpr double kSeenByTeacher = 0.05;  // class probability of a cell that boxes are taken from
// SiLU of this and of all below is between -0.003 and 0. Convolutions reach -100 and more: a range
// that is cut here has steps a third as wide.
constexpr double kSiluFlat = -8;
constexpr double kClassMargin = 1;  // of class logits' range, below what can be a detection
// Other images reach beyond the range that calibration saw. An output's range is wider by this share
// at each end: the larger steps cost less than values that are cut off.
constexpr double kOutputMargin = 0.1;
constexpr double kSameRange = 0.01;  // ranges that differ by less are not tried twice

// x > 0 with x / (1 + e^-x) = y: the fixed point of x = y (1 + e^-x).
double silu_inverse(double y) {
  double x = std::max(y, 0.5);
  for (int i = 0; i < 50; ++i) x = y * (1 + std::exp(-x));
  return x;
}

class RangeSearch {
 public:
  RangeSearch(const Model& model, const Placement& placement, CalibrationNetwork& network)
      : model_(model),
        placement_(placement),
        network_(network),
        pose_(model),
        histograms_(placement.groups.size()) {
    for (const Output& o : model.outputs()) outputs_[o.value] = o;
    for (const Node& node : model.graph.nodes) {
      const auto* act = std::get_if<Activation>(&node.op);
      if (act != nullptr && act->kind == ActivationKind::kSilu) before_silu_.insert(node.inputs[0]);
    }
  }

  void collect() {
    Progress progress(network_.images(), kCollectPhase);
    for (int64_t i = 0; i < network_.images(); ++i) {
      if (stop_requested()) fail("interrupted while calibrating; nothing was written");
      network_.observe(i);
      for (const Node& node : model_.graph.nodes) {
        const auto group = placement_.group_of.find(node.name);
        if (group == placement_.group_of.end() || traits_of(node.op).shares_scale) continue;
        histograms_[group->second].add(relevant(node.name));
      }
      progress.update(i + 1);
    }
  }

  std::vector<GroupCalibration> choose() {
    std::vector<GroupCalibration> chosen;
    Progress progress(static_cast<int64_t>(placement_.groups.size()), kChoosePhase);
    for (size_t g = 0; g < placement_.groups.size(); ++g) {
      if (stop_requested()) fail("interrupted while calibrating; nothing was written");
      chosen.push_back(choose_group(g));
      progress.update(static_cast<int64_t>(g) + 1);
    }
    match_silu_inputs(chosen);
    choose_silu_ranges(model_.graph, placement_, network_, chosen);
    return chosen;
  }

  QuantParams params(size_t g, const GroupCalibration& group) const {
    const auto fixed = placement_.fixed.find(g);
    if (fixed != placement_.fixed.end()) return fixed->second;
    return params_for_range(group.range.low, group.range.high);
  }

 private:
  // The pixels that are added around the values of a group are in its range.
  void widen_for_pads(GroupCalibration& group) const {
    for (const std::string& value : group.values) {
      const Node* node = model_.graph.find(value);
      const auto* pad = node == nullptr ? nullptr : std::get_if<Pad>(&node->op);
      if (pad == nullptr) continue;
      group.range.low = std::min<double>(group.range.low, pad->value);
      group.range.high = std::max<double>(group.range.high, pad->value);
    }
  }

  // Before SiLU nothing needs to be told apart that is clamped behind it.
  void match_silu_inputs(std::vector<GroupCalibration>& groups) const {
    for (const Node& node : model_.graph.nodes) {
      const auto* act = std::get_if<Activation>(&node.op);
      if (act == nullptr || act->kind != ActivationKind::kSilu) continue;
      const auto before = placement_.group_of.find(node.inputs[0]);
      const auto after = placement_.group_of.find(node.name);
      if (before == placement_.group_of.end() || after == placement_.group_of.end()) continue;
      double& high = groups[before->second].range.high;
      high = std::min(high, silu_inverse(groups[after->second].range.high));
    }
  }

  std::span<const float> at_least(std::span<const float> values, double low) {
    kept_.assign(values.begin(), values.end());
    for (float& v : kept_) v = std::max(v, static_cast<float>(low));
    return kept_;
  }

  // The class logits at this stride.
  const Output* class_output(int stride) const {
    for (const auto& [name, o] : outputs_) {
      if (o.role == OutputRole::kClass && o.stride == stride) return &o;
    }
    return nullptr;
  }

  // Of an output, (channels, cells), the cells in which an object is seen; all of it where no cell
  // has one.
  std::span<const float> seen_cells(const Output& output, const std::string& classes) {
    const auto logits = network_.output(classes);
    const size_t cells = logits.size() / model_.info.names.size();
    std::vector<float> best(cells, -INFINITY);  // of each cell, over the classes
    for (size_t i = 0; i < logits.size(); ++i)
      best[i % cells] = std::max(best[i % cells], logits[i]);
    const auto all = network_.output(output.value);
    kept_.clear();
    for (size_t i = 0; i < all.size(); ++i) {
      if (1 / (1 + std::exp(-best[i % cells])) > kSeenByTeacher) kept_.push_back(all[i]);
    }
    return kept_.empty() ? all : kept_;
  }

  // All of a value; before SiLU only where SiLU is not flat; of box and keypoint outputs only the
  // cells in which an object is seen; of class logits those that can become a detection; of a pose
  // network's outputs what its decoder reads.
  std::span<const float> relevant(const std::string& name) {
    const auto output = outputs_.find(name);
    if (output == outputs_.end()) {
      const auto value = network_.value(name);
      return before_silu_.contains(name) ? at_least(value, kSiluFlat) : value;
    }
    if (has_floor(output->second))
      return at_least(network_.output(name), kLeastClassLogit - kClassMargin);
    if (output->second.role == OutputRole::kRaw) {
      kept_ = pose_.read(output->second, network_);
      return kept_;
    }
    const Output* classes = class_output(output->second.stride);
    if (classes == nullptr) return network_.output(name);
    return seen_cells(output->second, classes->value);
  }

  bool has_floor(const Output& output) const {
    return output.role == OutputRole::kClass || pose_.has_floor(output);
  }

  // An output's range holds all that was seen and a margin; below, logits of scores have theirs. A raw
  // output that is never negative stays so.
  ValueRange output_range(const Output& output, const ValueRange& seen) const {
    const double margin = kOutputMargin * (seen.high - seen.low);
    const bool ends = has_floor(output) || (output.role == OutputRole::kRaw && seen.low >= 0);
    return {.low = ends ? seen.low : seen.low - margin, .high = seen.high + margin};
  }

  GroupCalibration choose_group(size_t g) {
    GroupCalibration best{.values = placement_.groups[g]};
    best.seen = histograms_[g].extent();
    if (const auto fixed = placement_.fixed.find(g); fixed != placement_.fixed.end()) {
      best.seen = best.range = {.low = fixed->second.low(), .high = fixed->second.high()};
      return best;
    }
    if (histograms_[g].count() == 0) fail("'{}': no value was seen", best.values.front());
    if (const auto output = outputs_.find(best.values.front()); output != outputs_.end()) {
      best.range = output_range(output->second, best.seen);
      best.distance = distance_with({&best}, network_);
      return best;
    }
    std::vector<ValueRange> tried;
    for (const RangeMethod method : kRangeMethods) {
      GroupCalibration candidate = best;
      candidate.method = method;
      candidate.range = histograms_[g].range(method);
      widen_for_pads(candidate);
      const double tolerance = kSameRange * (candidate.range.high - candidate.range.low);
      const bool known = std::any_of(tried.begin(), tried.end(), [&](const ValueRange& r) {
        return std::abs(r.low - candidate.range.low) + std::abs(r.high - candidate.range.high) <
               tolerance;
      });
      if (known) continue;
      candidate.distance = distance_with({&candidate}, network_);
      if (tried.empty() || candidate.distance < best.distance) best = candidate;
      tried.push_back(candidate.range);
    }
    return best;
  }

  const Model& model_;
  const Placement& placement_;
  CalibrationNetwork& network_;
  PoseValues pose_;
  std::vector<Histogram> histograms_;
  std::map<std::string, Output> outputs_;
  std::set<std::string> before_silu_;
  std::vector<float> kept_;  // what relevant() gave out
};

}  // namespace

double distance_with(std::initializer_list<const GroupCalibration*> groups,
                     CalibrationNetwork& network) {
  std::map<std::string, QuantParams> quantized;
  for (const GroupCalibration* group : groups) {
    for (const std::string& value : group->values)
      quantized[value] = params_for_range(group->range.low, group->range.high);
  }
  return network.distance(quantized);
}

Calibration calibrate(const Model& model, const Placement& placement, CalibrationNetwork& network,
                      const WeightGrid& weight_grid) {
  RangeSearch search(model, placement, network);
  search.collect();
  Calibration result{.groups = search.choose(), .pictures = network.images()};
  result.scales.weight_grid = weight_grid;
  for (size_t g = 0; g < result.groups.size(); ++g)
    result.scales.groups.push_back(search.params(g, result.groups[g]));
  for (const Node& node : model.graph.nodes) {
    if (placement.convs.contains(node.name))
      result.scales.weights[node.name] =
          weight_scales(std::get<Conv2d>(node.op).weight, weight_grid);
  }
  return result;
}

}  // namespace octet
