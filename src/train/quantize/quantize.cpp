#include "train/quantize/quantize.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "model/passes/passes.h"
#include "quant/fine_keypoints.h"
#include "train/loop/phases.h"
#include "train/loss/distill.h"
#include "train/network/device.h"
#include "train/network/graph_executor.h"
#include "train/quantize/phases.h"

namespace octet {
namespace {

constexpr double kSiluTrials =
    150;  // passes at SiLU: 12 of them, 30 trials, less than half of each
// Of pictures that are looked at together: time and memory grow with them and with the network.
// YOLOv8n and s take all they are given at 640, x two and four.
constexpr double kTriedGflops = 180, kRoundedGflops = 500;

int at_most(int pictures, double gflops, double gflops_a_picture, int least) {
  return std::min(pictures, std::max(least, static_cast<int>(gflops / gflops_a_picture)));
}

class Quantizer {
 public:
  Quantizer(const Model& model, const Dataset& training, const Dataset& validation,
            const QuantizeOptions& options)
      : training_(training), validation_(validation), options_(options), model_(model) {
    if (!model.quantization.empty())
      fail("the model is quantized already; start from the float model");
    model_ = split_transposed(fold_batch_norm(model));
    CalibrationOptions& c = options_.calibration;
    const double gflops = cost(model_.graph, {c.side, c.side}).gflops;
    c.tried = at_most(c.tried, kTriedGflops, gflops, 2);
    c.rounded = at_most(c.rounded, kRoundedGflops, gflops, 4);
    c.device = options.qat.train.device;
  }

  QuantizeResult run() {
    const ProgressPlan plan(phases());
    // Decoded as int8 models are, so that a drop is of quantization alone.
    result_.before = evaluate(model_, validation_, size(), Voting::kMean);
    log_info("float model: {}, with box voting as in int8", figures(result_.before));
    model_ = add_fine_keypoints(model_);
    Placement placement = place_quantizers(model_);
    result_.calibration = calibrate(model_, placement, training_, options_.calibration);
    spread_fine_keypoints(model_, placement, result_.calibration.scales.groups);
    if (ranks()) {
      result_.ranking =
          rank_layers(model_, placement, result_.calibration, training_, options_.calibration);
    }
    if (options_.rank_by_map) measure_drops(placement);
    keep_in_float(options_.keep_float);
    if (options_.max_drop) reach_max_drop();
    result_.model = network_->model();
    if (options_.method == QuantizeMethod::kQat) train();
    return std::move(result_);
  }

 private:
  SizeOption size() const {
    return {.size = {options_.calibration.side, options_.calibration.side}, .exact = true};
  }

  // In passes of one image, roughly: phases are timed while they run.
  std::vector<WorkPhase> phases() const {
    const CalibrationOptions& c = options_.calibration;
    const auto count = [](const Dataset& data) { return static_cast<double>(data.samples.size()); };
    const double groups = static_cast<double>(model_.graph.nodes.size());
    std::vector<WorkPhase> list;
    if (options_.method == QuantizeMethod::kQat)
      list =
          training_phases(options_.qat.train, training_.samples.size(), validation_.samples.size());
    else
      list = {{.name = kValidationPhase, .work = count(validation_), .times = 0}};
    list.back().times += 2;  // the float model, and the calibrated one
    list.push_back({.name = kCollectPhase, .work = std::min(double(c.pictures), count(training_))});
    list.push_back({.name = kChoosePhase, .work = groups * c.tried});
    list.push_back({.name = kSiluPhase, .work = kSiluTrials * c.tried});
    if (ranks()) list.push_back({.name = kRankPhase, .work = groups * c.tried / 2});
    if (options_.rank_by_map)
      list.push_back({.name = kDropPhase, .work = groups / 2 * count(validation_)});
    return list;
  }
  bool ranks() const {
    return options_.rank || options_.rank_by_map || options_.keep_float > 0 || options_.max_drop;
  }
  int kept() const { return static_cast<int>(result_.kept_float.size()); }
  std::string figures(const Evaluation& e) const {
    const bool pose = model_.info.task == Task::kPose;
    return fmt::format("mAP50-95 {:.4f}{}", e.boxes.map50_95,
                       pose ? fmt::format(", keypoints {:.4f}", e.keypoints.map50_95) : "");
  }
  Evaluation judge(QuantizedNetwork& network) const {
    return evaluate(network.inference(), model_, validation_, size(), Voting::kMean);
  }

  // Of each layer alone; the ranking stays by distance, which is less of a lottery.
  void measure_drops(const Placement& placement) {
    GraphExecutor net(model_.graph);
    const double before = result_.before.fitness(model_.info.task);
    Progress progress(static_cast<int64_t>(result_.ranking.size()), kDropPhase);
    int64_t done = 0;
    for (LayerCost& layer : result_.ranking) {
      if (stop_requested()) fail("interrupted while ranking layers; nothing was written");
      const PartialQuantization part =
          quantized_layer(model_, placement, result_.calibration.scales, layer.conv);
      const auto forward = [&](const torch::Tensor& image) {
        return PartialRun(net, image).outputs(part);
      };
      layer.drop =
          before -
          evaluate(forward, model_, validation_, size(), Voting::kMean).fitness(model_.info.task);
      progress.update(++done);
    }
  }

  // The quantized network with the costliest layers in float, and its accuracy.
  void keep_in_float(int layers) {
    layers = std::min(layers, static_cast<int>(result_.ranking.size()));
    result_.kept_float.clear();
    for (int i = 0; i < layers; ++i)
      result_.kept_float.push_back(result_.ranking[static_cast<size_t>(i)].conv);
    const std::set<std::string> names(result_.kept_float.begin(), result_.kept_float.end());
    const Placement placement = place_quantizers(model_, names);
    const Scales scales = layers == 0 ? result_.calibration.scales : regroup(placement);
    const CalibrationOptions& c = options_.calibration;
    network_.reset();  // two of them are compared
    network_.emplace(rounded_network(model_, placement, scales,
                                     calibration_batch(training_, c.rounded, c.side),
                                     Distillation(model_)));
    result_.ptq = result_.after = judge(*network_);
    log_info("calibrated on {} images{}: {}", result_.calibration.pictures,
             layers > 0 ? fmt::format(", {} layers in float", layers) : "", figures(result_.ptq));
  }

  // Another placement of the same values: groups keep the parameters that were found for them.
  Scales regroup(const Placement& placement) const {
    const Placement all = place_quantizers(model_);
    Scales scales{
        .groups = {}, .weights = {}, .weight_grid = result_.calibration.scales.weight_grid};
    for (const auto& values : placement.groups)
      scales.groups.push_back(result_.calibration.scales.groups[all.group_of.at(values.front())]);
    for (const std::string& conv : placement.convs)
      scales.weights[conv] = result_.calibration.scales.weights.at(conv);
    return scales;
  }

  bool good_enough() const {
    const Task task = model_.info.task;
    return result_.before.fitness(task) - result_.ptq.fitness(task) <= *options_.max_drop;
  }

  // The smallest number of float layers, found by doubling and halving.
  void reach_max_drop() {
    if (good_enough()) return;
    const int all = static_cast<int>(result_.ranking.size());
    int failing = kept();
    int enough = std::min(failing + 1, all);
    for (keep_in_float(enough); !good_enough(); keep_in_float(enough)) {
      if (enough == all)
        fail(
            "the drop stays above --max-drop {} even with every layer in float; check that --data "
            "fits the model",
            *options_.max_drop);
      failing = enough;
      enough = std::min(enough * 2, all);
    }
    while (enough - failing > 1) {
      const int middle = (enough + failing) / 2;
      keep_in_float(middle);
      (good_enough() ? enough : failing) = middle;
    }
    if (kept() != enough) keep_in_float(enough);
  }

  void train() {
    const Task task = model_.info.task;
    QatOptions qat = options_.qat;
    qat.calibrated_on = result_.calibration.pictures;
    qat.kept_float = result_.kept_float;
    qat.train.initial_fitness = result_.ptq.fitness(task);
    result_.training = train_quantized(*network_, model_, training_, validation_, qat);
    if (result_.training->interrupted || result_.training->best_epoch == 0) return;
    const std::filesystem::path best = qat.train.folder / "best.safetensors";
    result_.model = read_model(best);
    result_.after = result_.training->best;
  }

  const Dataset& training_;
  const Dataset& validation_;
  QuantizeOptions options_;
  Model model_;
  std::optional<QuantizedNetwork> network_;
  QuantizeResult result_;
};

}  // namespace

std::optional<Interval> QuantizeResult::drop_interval(const Evaluation& e) const {
  if (!before.metric || !e.metric) return std::nullopt;
  return bootstrap_drop(*before.metric, *e.metric);
}

QuantizeResult quantize(const Model& model, const Dataset& training, const Dataset& validation,
                        const QuantizeOptions& options) {
  use_threads(options.qat.train.threads);
  return Quantizer(model, training, validation, options).run();
}

}  // namespace octet
