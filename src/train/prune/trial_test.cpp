#include "train/prune/trial.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "format/model_file.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

const TrialOptions kSmall{.side = 160, .images = 8};

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

Dataset without_labels() {
  Dataset data = pictures();
  for (Sample& sample : data.samples) sample.objects.clear();
  return data;
}

const Model& real() {
  static const Model model =
      fold_batch_norm(read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors"));
  return model;
}

// The outputs of a stride are not asked for.
Model without_stride(Model model, int stride) {
  std::vector<std::string> values;
  std::vector<HeadOutput> meanings;
  for (const Output& o : model.outputs()) {
    if (o.stride == stride) continue;
    values.push_back(o.value);
    meanings.push_back({o.role, o.stride});
  }
  model.graph.outputs = values;
  model.head_outputs = meanings;
  std::erase(model.info.head.strides, stride);
  return model;
}

TEST(RemovalTrial, NothingRemovedCostsNothing) {
  const RemovalTrial trial(real(), pictures(), kSmall);
  const TrialResult same = trial.run(real());
  EXPECT_NEAR(same.distance, 0, 1e-6);
  EXPECT_EQ(same.found.recall_100, trial.whole().recall_100);
  EXPECT_GT(trial.whole().recall_100, 0.05);
}

// The largest objects are found at the largest stride, and small ones are still found without it.
TEST(RemovalTrial, RemovedScaleCostsTheObjectsThatItServed) {
  const RemovalTrial trial(real(), without_labels(), kSmall);
  EXPECT_GT(trial.whole().recall_100, 0.98) << "truth is what the whole model finds";
  const TrialResult no_large = trial.run(without_stride(real(), 32));
  const TrialResult no_small = trial.run(without_stride(real(), 8));
  EXPECT_GT(no_large.distance, 0.1);
  EXPECT_GT(no_small.distance, 0.01);
  EXPECT_LT(no_large.found.recall_large, no_small.found.recall_large);
  EXPECT_GT(no_large.found.recall_small, no_small.found.recall_small);
}

// Without its second convolution a bottleneck gives its input.
TEST(RemovalTrial, RemovedBlockMovesTheOutputs) {
  const RemovalTrial trial(real(), pictures(), kSmall);
  Model without = real();
  for (Node& node : without.graph.nodes) {
    if (node.name != "model.4.m.1.cv2.conv") continue;
    auto& conv = std::get<Conv2d>(node.op);
    std::fill(conv.weight.values.begin(), conv.weight.values.end(), 0.0F);
    std::fill(conv.bias.values.begin(), conv.bias.values.end(), 0.0F);
  }
  const TrialResult result = trial.run(without);
  EXPECT_GT(result.distance, 1e-3);
  EXPECT_LE(result.found.recall_100, 1);
}

}  // namespace
}  // namespace octet
