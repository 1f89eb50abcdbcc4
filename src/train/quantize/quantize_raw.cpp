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
constexpr size_t kOneOf = 10;      // of a folder's pictures, one judges
constexpr size_t kTried = 16;      // crops that the choice between ranges is made on
constexpr size_t kCorrected = 32;  // crops for the biases
// Of crops that are looked at together.
constexpr double kMostGflops = 60;

size_t crops_together(const Model& model, size_t most) {
  const double gflops = cost(model.graph, model.usual_size()).gflops;
  return std::min(most, std::max<size_t>(2, static_cast<size_t>(kMostGflops / gflops)));
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<PictureCrop> crops_of(Dataset data, const ModelInfo& info, bool strict) {
  leave_out_unreadable(data, strict);
  if (info.pose_head && data.keypoints > 0 && has_labels(data))
    return person_crops(data, info.pose_head->margin);
  return whole_pictures(data);
}

class RawQuantizer {
 public:
  RawQuantizer(const Model& model, const RawPictures& pictures, const QuantizeOptions& options)
      : pictures_(pictures),
        options_(options),
        model_(split_points(split_transposed(fold_batch_norm(model)))),
        distance_(model_),
        placement_(place_quantizers(model_)) {}

  RawQuantizeResult run() {
    const ProgressPlan plan(phases());
    const RawJudge judge(model_, evenly(pictures_.judging, kJudged));
    calibrate_network();
    correct();
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
    network_.emplace(model_, placement_, result_.calibration.scales);
  }

  // Keeps corrected biases where the outputs come nearer to those of the float network.
  void correct() {
    const torch::NoGradGuard no_grad;
    const torch::Tensor images = some(kCorrected);
    GraphExecutor net(model_.graph);
    const auto wanted = net.forward(images, NormMode::kRunningStatistics);
    QuantizedNetwork corrected(model_, placement_, result_.calibration.scales);
    correct_biases(corrected, model_, images);
    const auto distance = [&](QuantizedNetwork& network) {
      return distance_(network.forward(images), wanted).item<double>();
    };
    if (distance(corrected) < distance(*network_)) network_.emplace(std::move(corrected));
  }

  // The distances of the result.
  std::vector<double> train(const RawJudge& judge, const std::vector<double>& ptq) {
    result_.training = imitate(*network_, pictures_.training, judge, ptq, options_.qat);
    const ImitationSummary& summary = *result_.training;
    if (summary.interrupted || summary.best_epoch == 0) return ptq;
    result_.model = read_model(options_.qat.train.folder / "best.safetensors");
    const IntegerNetwork best(result_.model);
    return judge(std::cref(best));
  }

  void compare_poses() {
    const RawJudge judge(model_, evenly(pictures_.judging, kCompared));
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

RawPictures read_raw_pictures(const std::string& file, const ModelInfo& info, bool strict) {
  RawPictures pictures;
  const bool folder = std::filesystem::is_directory(file) &&
                      !std::filesystem::exists(std::filesystem::path(file) / "data.yaml");
  if (folder) {
    std::vector<PictureCrop> all = crops_of(read_unlabelled(file), info, strict);
    for (size_t i = 0; i < all.size(); ++i)
      (i % kOneOf == 0 ? pictures.judging : pictures.training).push_back(std::move(all[i]));
  } else {
    const auto part = [&](const char* split) {
      return crops_of(read_dataset(file, {.split = split, .strict = strict}), info, strict);
    };
    pictures = {.training = part("train"), .judging = part("val")};
  }
  for (const auto& [crops, part] : {std::pair{&pictures.training, "to learn from"},
                                    {&pictures.judging, "to evaluate the result with"}}) {
    if (crops->empty())
      fail("{}: there is no image {}, or no person with keypoints in one; give more images", file,
           part);
  }
  log_info("{}: {} to learn from, {} to evaluate", file,
           counted(static_cast<int64_t>(pictures.training.size()),
                   pictures.training.front().person ? "person" : "image"),
           pictures.judging.size());
  return pictures;
}

RawQuantizeResult quantize_raw(const Model& model, const RawPictures& pictures,
                               const QuantizeOptions& options) {
  use_threads(options.qat.train.threads);
  return RawQuantizer(model, pictures, options).run();
}

}  // namespace octet
