#include "train/quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "quant/params.h"
#include "train/loop/evaluate.h"
#include "train/loss/distill.h"
#include "train/network/graph_executor.h"
#include "train/network/partial_run.h"
#include "train/quantize/phases.h"
#include "train/quantize/silu_ranges.h"

namespace octet {
namespace {

constexpr double kSeenByTeacher = 0.05;  // class probability of a cell that boxes are taken from
// SiLU of this and of all below is between -0.003 and 0. Convolutions reach -100 and more: a range
// that is cut here has steps a third as wide.
constexpr double kSiluFlat = -8;
constexpr double kClassMargin = 1;  // of class logits' range, below what can be a detection
// What no picture of calibration showed, others may: at the outputs the steps of a range that is
// wider by this share at each end cost less than what it would cut off.
constexpr double kOutputMargin = 0.1;
constexpr double kSameRange = 0.01;  // ranges that differ by less are not tried twice

// Evenly over the dataset, so that any order of files gives a fair sample.
std::vector<const Sample*> pick(const Dataset& data, int most) {
  const size_t count = std::min(data.samples.size(), static_cast<size_t>(most));
  std::vector<const Sample*> list;
  for (size_t i = 0; i < count; ++i) list.push_back(&data.samples[i * data.samples.size() / count]);
  return list;
}

torch::Tensor read_batch(const std::vector<const Sample*>& samples, int side) {
  std::vector<torch::Tensor> list;
  for (const Sample* s : samples) list.push_back(read_letterboxed(s->image, {side, side}).bytes);
  return to_unit(torch::cat(list));
}

// x > 0 with x / (1 + e^-x) = y: the fixed point of x = y (1 + e^-x).
double silu_inverse(double y) {
  double x = std::max(y, 0.5);
  for (int i = 0; i < 50; ++i) x = y * (1 + std::exp(-x));
  return x;
}

class Calibrator {
 public:
  Calibrator(const Model& model, const Placement& placement, const CalibrationOptions& options)
      : model_(model),
        placement_(placement),
        options_(options),
        net_(model.graph),
        distance_(model),
        histograms_(placement.groups.size()) {
    net_.move_to(options.device);
    for (const Output& o : model.outputs()) outputs_[o.value] = o;
    for (const Node& node : model.graph.nodes) {
      const auto* act = std::get_if<Activation>(&node.op);
      if (act != nullptr && act->kind == ActivationKind::kSilu) before_silu_.insert(node.inputs[0]);
    }
  }

  void collect(const std::vector<const Sample*>& samples) {
    const torch::NoGradGuard no_grad;
    Progress progress(static_cast<int64_t>(samples.size()), kCollectPhase);
    for (size_t i = 0; i < samples.size(); ++i) {
      if (stop_requested()) fail("interrupted while calibrating; nothing was written");
      const auto values = net_.values(read_batch({samples[i]}, options_.side).to(options_.device));
      for (const Node& node : model_.graph.nodes) {
        const auto group = placement_.group_of.find(node.name);
        if (group == placement_.group_of.end() || traits_of(node.op).shares_scale) continue;
        const torch::Tensor seen = relevant(node.name, values).cpu();
        histograms_[group->second].add({seen.data_ptr<float>(), static_cast<size_t>(seen.numel())});
      }
      progress.update(static_cast<int64_t>(i) + 1);
    }
  }

  std::vector<GroupCalibration> choose(const std::vector<const Sample*>& samples) {
    PartialRun run(net_, read_batch(samples, options_.side).to(options_.device));
    std::vector<GroupCalibration> chosen;
    Progress progress(static_cast<int64_t>(placement_.groups.size()), kChoosePhase);
    for (size_t g = 0; g < placement_.groups.size(); ++g) {
      if (stop_requested()) fail("interrupted while calibrating; nothing was written");
      chosen.push_back(choose_group(g, run));
      progress.update(static_cast<int64_t>(g) + 1);
    }
    match_silu_inputs(chosen);
    choose_silu_ranges(model_.graph, placement_, distance_, run, chosen);
    return chosen;
  }

  QuantParams params(const GroupCalibration& group) const {
    if (holds_image(group.values)) return kImageParams;
    return params_for_range(group.range.low, group.range.high);
  }

 private:
  bool holds_image(const std::vector<std::string>& values) const {
    return std::find(values.begin(), values.end(), model_.graph.input) != values.end();
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

  // All of a value; before SiLU only where SiLU is not flat; of box and keypoint outputs only the
  // cells in which something is seen, of class logits what can become a detection.
  torch::Tensor relevant(const std::string& name,
                         const std::map<std::string, torch::Tensor>& values) const {
    torch::Tensor value = values.at(name);
    if (before_silu_.contains(name)) value = value.clamp_min(kSiluFlat);
    const auto output = outputs_.find(name);
    if (output == outputs_.end()) return value.contiguous(value.suggest_memory_format());
    if (output->second.role == OutputRole::kClass)
      return value.clamp_min(kLeastClassLogit - kClassMargin).contiguous();
    for (const auto& [other, o] : outputs_) {
      if (o.role != OutputRole::kClass || o.stride != output->second.stride) continue;
      const torch::Tensor seen = values.at(other).sigmoid().amax(1) > kSeenByTeacher;
      const torch::Tensor cells = value.permute({0, 2, 3, 1}).index({seen}).contiguous();
      if (cells.numel() > 0) return cells;
    }
    return value.contiguous();  // nothing is seen in this picture: better all cells than none
  }

  // An output's range holds all that was seen and a margin; below, class logits have theirs.
  ValueRange output_range(const Output& output, const ValueRange& seen) const {
    const double margin = kOutputMargin * (seen.high - seen.low);
    const bool logits = output.role == OutputRole::kClass;
    return {.low = logits ? seen.low : seen.low - margin, .high = seen.high + margin};
  }

  GroupCalibration choose_group(size_t g, PartialRun& run) {
    GroupCalibration best{.values = placement_.groups[g]};
    best.seen = histograms_[g].extent();
    if (holds_image(best.values)) {
      best.seen = best.range = {.low = 0, .high = 1};
      return best;
    }
    if (histograms_[g].count() == 0) fail("'{}': no value was seen", best.values.front());
    if (const auto output = outputs_.find(best.values.front()); output != outputs_.end()) {
      best.range = output_range(output->second, best.seen);
      best.distance = cost_of({&best}, distance_, run);
      return best;
    }
    std::vector<ValueRange> tried;
    for (const RangeMethod method : kRangeMethods) {
      GroupCalibration candidate = best;
      candidate.method = method;
      candidate.range = histograms_[g].range(method);
      const double tolerance = kSameRange * (candidate.range.high - candidate.range.low);
      const bool known = std::any_of(tried.begin(), tried.end(), [&](const ValueRange& r) {
        return std::abs(r.low - candidate.range.low) + std::abs(r.high - candidate.range.high) <
               tolerance;
      });
      if (known) continue;
      candidate.distance = cost_of({&candidate}, distance_, run);
      if (tried.empty() || candidate.distance < best.distance) best = candidate;
      tried.push_back(candidate.range);
    }
    return best;
  }

  const Model& model_;
  const Placement& placement_;
  CalibrationOptions options_;
  GraphExecutor net_;
  Distillation distance_;
  std::vector<Histogram> histograms_;
  std::map<std::string, Output> outputs_;
  std::set<std::string> before_silu_;
};

}  // namespace

Calibration calibrate(const Model& model, const Placement& placement, const Dataset& data,
                      const CalibrationOptions& options) {
  if (data.samples.empty()) fail("there are no images to calibrate with");
  const torch::NoGradGuard no_grad;
  Calibrator calibrator(model, placement, options);
  const auto samples = pick(data, options.pictures);
  calibrator.collect(samples);
  Calibration result{
      .groups = calibrator.choose(pick(data, std::min(options.tried, options.pictures))),
      .pictures = static_cast<int64_t>(samples.size())};
  result.scales.weight_grid = options.weight_grid;
  for (const GroupCalibration& group : result.groups)
    result.scales.groups.push_back(calibrator.params(group));
  for (const Node& node : model.graph.nodes) {
    if (placement.convs.contains(node.name))
      result.scales.weights[node.name] =
          weight_scales(std::get<Conv2d>(node.op).weight, options.weight_grid);
  }
  return result;
}

torch::Tensor calibration_batch(const Dataset& data, int pictures, int side) {
  return read_batch(pick(data, pictures), side);
}

void correct_biases(QuantizedNetwork& network, const Model& model, const Dataset& data,
                    const CalibrationOptions& options) {
  const torch::NoGradGuard no_grad;
  GraphExecutor net(model.graph);
  const torch::Tensor image = calibration_batch(data, options.corrected, options.side);
  network.correct_biases(net.values(image));
}

}  // namespace octet
