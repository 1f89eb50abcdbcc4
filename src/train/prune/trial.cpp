#include "train/prune/trial.h"

#include <algorithm>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "eval/found_as_truth.h"
#include "model/passes/passes.h"
#include "train/data/batch_loader.h"
#include "train/loop/evaluate.h"
#include "train/network/graph_executor.h"
#include "train/prune/phases.h"

namespace octet {
namespace {

std::vector<torch::Tensor> forward(GraphExecutor& net, const torch::Tensor& bytes) {
  const torch::NoGradGuard no_grad;
  if (stop_requested()) fail("interrupted while trying removals; nothing was written");
  return net.forward(to_unit(bytes.to(net.device())), NormMode::kRunningStatistics);
}

LetterboxGeometry square_of(int side) { return letterbox_geometry({side, side}, {side, side}); }

// The objects of each of `count` images, in pixels of the input.
std::vector<std::vector<TruthObject>> objects_of(const Targets& targets, int64_t count, int side) {
  std::vector<std::vector<TruthObject>> objects(static_cast<size_t>(count));
  for (int64_t i = 0; i < targets.image.size(0); ++i) {
    const torch::Tensor box = targets.boxes[i] * side;
    const auto at = [&](int64_t k) { return static_cast<double>(box[k].item<float>()); };
    const double x = at(0), y = at(1), width = at(2), height = at(3);
    objects[static_cast<size_t>(targets.image[i].item<int64_t>())].push_back(
        {.class_index = static_cast<int>(targets.cls[i].item<int64_t>()),
         .box = {x - width / 2, y - height / 2, x + width / 2, y + height / 2},
         .box_area = width * height});
  }
  return objects;
}

std::vector<std::vector<TruthObject>> found_objects(const Model& model,
                                                    const std::vector<torch::Tensor>& outputs,
                                                    int side) {
  const RawBatch raw = raw_batch(model, outputs);
  std::vector<std::vector<TruthObject>> objects;
  Detections found;
  for (int64_t i = 0; i < raw.outputs.front().size(0); ++i) {
    decode(raw, i, square_of(side), {}, found);
    objects.push_back(found_as_truth(found));
  }
  return objects;
}

}  // namespace

RemovalTrial::RemovalTrial(const Model& whole, const Dataset& data, const TrialOptions& options)
    : whole_{.info = whole.info, .graph = {}, .head_outputs = whole.head_outputs},
      options_(options),
      distance_(whole) {
  whole_.graph.outputs = whole.graph.outputs;
  const Dataset some = evenly(data, options.images);
  if (some.samples.empty()) fail("there are no images to try removals with");
  const bool labelled = has_labels(some);
  GraphExecutor net(fold_batch_norm(whole).graph);
  net.move_to(options.device);
  BatchLoader loader(some, {.side = options.side,
                            .batch = options.batch,
                            .augment = AugmentOptions::none(),
                            .cache_gb = 0});
  loader.begin_epoch(0, false);
  std::vector<std::vector<torch::Tensor>> outputs;
  while (const auto batch = loader.next()) {
    outputs.push_back(forward(net, batch->image));
    batches_.push_back(
        {.bytes = batch->image,
         .outputs = outputs.back(),
         .truth = labelled ? objects_of(batch->targets, batch->image.size(0), options.side)
                           : found_objects(whole_, outputs.back(), options.side)});
  }
  found_ = judge(whole_, outputs);
}

CocoSummary RemovalTrial::judge(const Model& model,
                                const std::vector<std::vector<torch::Tensor>>& outputs) const {
  CocoMetric metric(MetricKind::kBox);
  Detections found;
  for (size_t b = 0; b < batches_.size(); ++b) {
    const RawBatch raw = raw_batch(model, outputs[b]);
    for (size_t i = 0; i < batches_[b].truth.size(); ++i) {
      decode(raw, static_cast<int64_t>(i), square_of(options_.side), {}, found);
      metric.add(batches_[b].truth[i], found);
    }
  }
  return metric.summary();
}

std::vector<torch::Tensor> RemovalTrial::in_order_of_whole(const Model& without,
                                                           const std::vector<torch::Tensor>& given,
                                                           const Images& images) const {
  const std::vector<Output> own = without.outputs();
  const std::vector<Output> wanted = whole_.outputs();
  std::vector<torch::Tensor> outputs;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto at = std::find_if(own.begin(), own.end(), [&](const Output& o) {
      return o.role == wanted[i].role && o.stride == wanted[i].stride;
    });
    if (at != own.end()) {
      outputs.push_back(given[static_cast<size_t>(at - own.begin())]);
    } else {
      const bool logits = wanted[i].role == OutputRole::kClass;
      outputs.push_back(logits ? torch::full_like(images.outputs[i], kLeastClassLogit)
                               : images.outputs[i]);
    }
  }
  return outputs;
}

TrialResult RemovalTrial::run(const Model& without) const {
  GraphExecutor net(fold_batch_norm(without).graph);
  net.move_to(options_.device);
  Progress progress(static_cast<int64_t>(batches_.size()), kTrialPhase);
  std::vector<std::vector<torch::Tensor>> outputs;
  double sum = 0;
  int64_t images = 0;
  for (const Images& batch : batches_) {
    outputs.push_back(forward(net, batch.bytes));
    const auto aligned = in_order_of_whole(without, outputs.back(), batch);
    sum +=
        distance_(aligned, batch.outputs).item<double>() * static_cast<double>(batch.bytes.size(0));
    images += batch.bytes.size(0);
    progress.update(static_cast<int64_t>(outputs.size()));
  }
  return {.distance = sum / static_cast<double>(images), .found = judge(without, outputs)};
}

}  // namespace octet
