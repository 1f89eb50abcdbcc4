#include "train/quantize/quantize_raw.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text/count_text.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "model/passes/passes.h"
#include "train/loop/evaluate.h"
#include "train/loop/phases.h"
#include "train/network/device.h"
#include "train/network/graph_executor.h"
#include "train/network/integer_network.h"

namespace octet {
namespace {

constexpr size_t kJudged = 64;     // crops, at most
constexpr size_t kCompared = 256;  // crops, whose keypoints are compared
constexpr size_t kUsual = 32;      // crops that tell how far the outputs' values are apart
constexpr size_t kTried = 16;      // crops that the choice between ranges is made on
constexpr size_t kRounded = 32;    // crops for the rounding of weights
// Of heat maps beyond which their values are something else. Networks learn them, not quite exactly.
constexpr double kLowProbability = -0.5, kHighProbability = 1.5;
// Of crops that are looked at together.
constexpr double kMostGflops = 60;

size_t crops_together(const Model& model, size_t most) {
  const double gflops = cost(model.graph, model.usual_size()).gflops;
  return std::min(most, std::max<size_t>(2, static_cast<size_t>(kMostGflops / gflops)));
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// What the float network gives for crops, (N, C, h, w) each.
std::vector<torch::Tensor> float_outputs(const Model& model,
                                         const std::vector<PictureCrop>& crops) {
  const torch::NoGradGuard no_grad;
  GraphExecutor net(model.graph);
  std::vector<std::vector<torch::Tensor>> parts(model.graph.outputs.size());
  for (const PictureCrop& crop : crops) {
    const torch::Tensor image = to_unit(read_crops(std::span(&crop, 1), model.usual_size()));
    const auto given = net.forward(image, NormMode::kRunningStatistics);
    for (size_t o = 0; o < parts.size(); ++o) parts[o].push_back(given[o]);
  }
  std::vector<torch::Tensor> all;
  for (const auto& part : parts) all.push_back(torch::cat(part));
  return all;
}

// Of a pose network whose scores are said to be probabilities.
void warn_of_logits(const Model& model, const std::vector<torch::Tensor>& outputs) {
  const auto& head = model.info.pose_head;
  if (!head || head->logits) return;
  const std::string* heatmap = head->output(PosePart::kHeatmap);
  const std::vector<Output> list = model.outputs();
  for (size_t i = 0; i < list.size(); ++i) {
    if (heatmap == nullptr || list[i].name() != *heatmap) continue;
    const double low = outputs[i].min().item<double>(), high = outputs[i].max().item<double>();
    if (low < kLowProbability || high > kHighProbability)
      log_warning(
          "'{}': its scores from {:.1f} to {:.1f} are no probabilities; if they are logits, import "
          "the network again with --scores logits",
          *heatmap, low, high);
  }
}

RawDistance distance_of(const Model& model, const std::vector<PictureCrop>& crops) {
  const std::vector<torch::Tensor> usual = float_outputs(model, evenly(crops, kUsual));
  warn_of_logits(model, usual);
  return {model, usual};
}

class RawQuantizer {
 public:
  RawQuantizer(const Model& model, const RawPictures& pictures, const QuantizeOptions& options)
      : pictures_(pictures),
        options_(options),
        model_(split_points(split_transposed(fold_batch_norm(model)))),
        distance_(distance_of(model_, pictures.training)),
        placement_(place_quantizers(model_)) {}

  RawQuantizeResult run() {
    const ProgressPlan plan(phases());
    const RawJudge judge(model_, evenly(pictures_.judging, kJudged), distance_);
    calibrate_network();
    const std::vector<double> ptq = judge(network_->inference());
    std::vector<double> after = ptq;
    log_info("calibrated on {}: distance {:.4f}", counted(result_.calibration.pictures, "image"),
             sum_of(ptq));
    result_.model = network_->model();
    if (options_.method == QuantizeMethod::kQat) after = train(judge, ptq);
    const std::vector<Output> outputs = model_.outputs();
    for (size_t i = 0; i < outputs.size(); ++i)
      result_.outputs.push_back({outputs[i].name(), ptq[i], after[i]});
    result_.judged = judge.crops().size();
    if (model_.info.pose_head) compare_poses();
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::vector<WorkPhase> phases() const {
    const auto judged = static_cast<double>(std::min(kJudged, pictures_.judging.size()));
    const double tried = static_cast<double>(crops_together(model_, kTried));
    std::vector<WorkPhase> list;
    if (options_.method == QuantizeMethod::kQat) {
      list = training_phases(options_.qat.train, pictures_.training.size(),
                             static_cast<size_t>(judged));
    } else {
      list = {{.name = kValidationPhase, .work = judged, .times = 0}};
    }
    list.back().times += 2;       // the float network, and the calibrated one
    if (model_.info.pose_head) {  // both once more, on more crops
      const auto compared = static_cast<double>(std::min(kCompared, pictures_.judging.size()));
      list.back().times += static_cast<int>(2 * compared / judged);
    }
    list.push_back({.name = kCollectPhase, .work = static_cast<double>(observed().size())});
    list.push_back(
        {.name = kChoosePhase, .work = static_cast<double>(placement_.groups.size()) * tried});
    return list;
  }

  [[nodiscard]] std::vector<PictureCrop> observed() const {
    return evenly(pictures_.training, static_cast<size_t>(options_.calibration.pictures));
  }
  [[nodiscard]] torch::Tensor some(size_t most) const {
    return to_unit(
        read_crops(evenly(pictures_.training, crops_together(model_, most)), model_.usual_size()));
  }

  void calibrate_network() {
    const std::vector<PictureCrop> crops = observed();
    const auto network = calibration_network(
        model_,
        {.images = static_cast<int64_t>(crops.size()),
         .read =
             [&](int64_t image) {
               return to_unit(read_crops(std::span(crops).subspan(static_cast<size_t>(image), 1),
                                         model_.usual_size()));
             },
         .tried = [this] { return some(kTried); },
         .distance = distance_,
         .device = options_.qat.train.device});
    result_.calibration = calibrate(model_, placement_, *network, options_.calibration.weight_grid);
    network_.emplace(
        rounded_network(model_, placement_, result_.calibration.scales, some(kRounded), distance_));
  }

  // The distances of the result.
  std::vector<double> train(const RawJudge& judge, const std::vector<double>& ptq) {
    QatOptions qat = options_.qat;
    qat.calibrated_on = result_.calibration.pictures;
    result_.training = imitate(*network_, pictures_.training, judge, ptq, qat);
    const ImitationSummary& summary = *result_.training;
    if (summary.interrupted || summary.best_epoch == 0) return ptq;
    result_.model = read_model(options_.qat.train.folder / "best.safetensors");
    const IntegerNetwork best(result_.model);
    return judge(std::cref(best));
  }

  void compare_poses() {
    const RawJudge judge(model_, evenly(pictures_.judging, kCompared), distance_);
    const IntegerNetwork int8(result_.model);
    result_.agreement =
        pose_agreement(model_, judge.outputs(std::cref(int8)), judge.wanted(), judge.crops());
  }

  const RawPictures& pictures_;
  const QuantizeOptions& options_;
  Model model_;
  RawDistance distance_;
  Placement placement_;
  std::optional<QuantizedNetwork> network_;
  RawQuantizeResult result_;
};

}  // namespace

RawQuantizeResult quantize_raw(const Model& model, const RawPictures& pictures,
                               const QuantizeOptions& options) {
  use_threads(options.qat.train.threads);
  return RawQuantizer(model, pictures, options).run();
}

}  // namespace octet
