#include "train/prune/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "core/process.h"
#include "format/model_file.h"
#include "graph/topology.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "train/network/operators.h"
#include "train/prune/teacher_labels.h"
#include "train/prune/trial.h"

namespace octet {
namespace {

using testing::HasSubstr;

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

const Model& teacher() {
  static const Model model =
      select_classes(read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt"),
                     pictures().names, 0);
  return model;
}

// Every second index of an axis.
Tensor half_of(const Tensor& tensor, int64_t axis) {
  const torch::Tensor half =
      to_torch(tensor).slice(axis, 0, tensor.shape[static_cast<size_t>(axis)], 2).contiguous();
  return {half.sizes().vec(), {half.data_ptr<float>(), half.data_ptr<float>() + half.numel()}};
}

// The convolution that alone reads what `conv` makes, behind BatchNorm and activation.
const Node* reader_of(const Topology& topology, const Node& conv) {
  const Node* next = topology.only_consumer(conv.name);
  if (next != nullptr && std::holds_alternative<BatchNorm>(next->op))
    next = topology.only_consumer(next->name);
  if (next == nullptr || !std::holds_alternative<Activation>(next->op)) return nullptr;
  next = topology.only_consumer(next->name);
  return next != nullptr && std::holds_alternative<Conv2d>(next->op) ? next : nullptr;
}

// The model with half of the channels of each value in some layers that one convolution alone reads.
Model halved(Model model, const std::string& layers = "model.") {
  const Topology topology(model.graph);
  std::set<std::string> narrow, readers;
  for (const Node& node : model.graph.nodes) {
    if (!std::holds_alternative<Conv2d>(node.op) || !node.name.starts_with(layers)) continue;
    if (const Node* reader = reader_of(topology, node)) {
      narrow.insert(node.name);
      readers.insert(reader->name);
    }
  }
  for (Node& node : model.graph.nodes) {
    if (auto* conv = std::get_if<Conv2d>(&node.op)) {
      if (narrow.contains(node.name)) conv->weight = half_of(conv->weight, 0);
      if (narrow.contains(node.name) && !conv->bias.empty()) conv->bias = half_of(conv->bias, 0);
      if (readers.contains(node.name)) conv->weight = half_of(conv->weight, 1);
    } else if (auto* norm = std::get_if<BatchNorm>(&node.op)) {
      if (!narrow.contains(node.inputs[0])) continue;
      for (Tensor* t : {&norm->gamma, &norm->beta, &norm->mean, &norm->variance})
        *t = half_of(*t, 0);
    }
  }
  verify(model);
  return model;
}

RecoveryOptions options_for(const TemporaryFolder& folder, TeachingWeights weights) {
  RecoveryOptions options{.train = {.epochs = 4, .side = 64, .batch = 4}, .weights = weights};
  options.train.folder = folder.path();
  options.train.augment = AugmentOptions::none();
  return options;
}

// Without any label, with and without features.
TEST(Recovery, BringsTheOutputsNearer) {
  const Model real = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  const Model pruned = halved(real, "model.6.");
  const RemovalTrial trial(real, pictures(), {.side = 160, .images = 12});
  const double before = trial.run(pruned).distance;
  for (const double features : {0.0, 0.5}) {
    const TemporaryFolder folder;
    RecoveryOptions options =
        options_for(folder, {.outputs = 1, .features = features, .labels = 0});
    options.train.side = 160;
    options.train.batch = 12;
    options.train.learning_rate = 0.0005;
    options.train.warmup_epochs = 0;
    const TrainSummary s = recover({pruned, real}, pictures(), pictures(), options);
    EXPECT_LT(s.epochs.back().loss.distill, 0.6 * s.epochs.front().loss.distill);
    EXPECT_EQ(s.epochs.back().loss.box, 0);
    const Model recovered = read_model(folder / "last.safetensors");
    EXPECT_LT(trial.run(recovered).distance, 0.6 * before) << "features " << features;
  }
}

TEST(Recovery, LearnsFromLabelsAsWell) {
  const TemporaryFolder folder;
  const TrainSummary s = recover({halved(teacher()), teacher()}, pictures(), pictures(),
                                 options_for(folder, {.outputs = 1, .labels = 1}));
  EXPECT_GT(s.epochs.back().loss.box, 0);
  EXPECT_GT(s.epochs.back().loss.distill, 0);
}

// A model that has its classes learns at the rate of one that has not.
TEST(Recovery, HasTheRateOfANewTraining) {
  const TemporaryFolder folder;
  RecoveryOptions options = options_for(folder, {.outputs = 1, .labels = 1});
  options.train.epochs = 1;
  options.train.already_trained = true;
  const TrainSummary s = recover({halved(teacher()), teacher()}, pictures(), pictures(), options);
  EXPECT_DOUBLE_EQ(s.epochs[0].learning_rate, 0.001) << "0.01 for 40 images, here 4";
  options.train.batch = 12;
  options.train.initial_fitness = -2;
  EXPECT_DOUBLE_EQ(recover({halved(teacher()), teacher()}, pictures(), pictures(), options)
                       .epochs[0]
                       .learning_rate,
                   0.003);
}

std::vector<float> first_weights(const std::filesystem::path& file) {
  return std::get<Conv2d>(read_model(file).graph.nodes[0].op).weight.values;
}

// Three epochs of warm-up would be all of a short training. A tenth of two is one batch here.
TEST(Recovery, WarmsUpForATenthAtMost) {
  std::vector<float> weights[2];
  for (const int i : {0, 1}) {
    const TemporaryFolder folder;
    RecoveryOptions options = options_for(folder, {.outputs = 1, .labels = 1});
    options.train.epochs = 2;
    options.train.warmup_epochs = i == 0 ? 3 : 0.2;
    (void)recover({halved(teacher()), teacher()}, pictures(), pictures(), options);
    weights[i] = first_weights(folder / "last.safetensors");
  }
  EXPECT_EQ(weights[0], weights[1]);
}

// Biases of a trained model move no sooner than its weights. The rate of the first batch is 0.
TEST(Recovery, BiasesWarmUpLikeWeights) {
  const Model pruned = halved(teacher());
  for (const bool trained : {true, false}) {
    const TemporaryFolder folder;
    RecoveryOptions options = options_for(folder, {.outputs = 1, .labels = 1});
    options.train.epochs = 1;
    options.train.batch = 12;  // all images
    options.train.already_trained = trained;
    (void)recover({pruned, teacher()}, pictures(), pictures(), options);
    const auto beta = [](const Model& model) {
      return std::get<BatchNorm>(model.graph.nodes[1].op).beta.values;
    };
    EXPECT_EQ(beta(read_model(folder / "last.safetensors")) == beta(pruned), trained);
  }
}

class InterruptedRecovery : public ::testing::Test {
 protected:
  InterruptedRecovery() { set_stop_flag(stop_); }
  ~InterruptedRecovery() override {
    static const std::atomic<bool> never = false;
    set_stop_flag(never);
  }
  std::atomic<bool> stop_ = false;
};

TEST_F(InterruptedRecovery, ResumesExactly) {
  const Model pruned = halved(teacher());
  const TeachingWeights weights{.outputs = 1, .features = 0.5, .labels = 1};
  const TemporaryFolder whole, parts;
  const auto run = [&](const RecoveryOptions& options) {
    return recover({pruned, teacher()}, pictures(), pictures(), options);
  };
  (void)run(options_for(whole, weights));
  RecoveryOptions options = options_for(parts, weights);
  options.train.cache_gb = 0;  // else the images are read first, and that is interrupted
  stop_ = true;                // behind the first batch
  EXPECT_TRUE(run(options).interrupted);
  stop_ = false;
  options.train.resume = true;
  EXPECT_FALSE(run(options).interrupted);
  const auto weight = [](const TemporaryFolder& folder) {
    const Model model = read_model(folder / "last.safetensors");
    return std::get<Conv2d>(model.graph.nodes[0].op).weight.values;
  };
  EXPECT_EQ(weight(whole), weight(parts));
  options.weights.labels = 0.5;
  EXPECT_THAT(error_of([&] { (void)run(options); }), HasSubstr("other options"));
}

TEST(Teacher, HasToFit) {
  const auto refusal = [](const Model& other) {
    return error_of([&] { verify_teacher(other, teacher()); });
  };
  EXPECT_EQ(refusal(teacher()), "");
  EXPECT_THAT(refusal(select_classes(teacher(), {"a", "b"}, 0)), HasSubstr("other classes"));
  Model other = teacher();
  other.info.head.bins[1] += 0.5F;
  EXPECT_THAT(refusal(other), HasSubstr("bins"));
  other = teacher();
  other.info.head.keypoints = 3;
  EXPECT_THAT(refusal(other), HasSubstr("keypoints"));
  other = teacher();
  other.graph.outputs.pop_back();
  other.head_outputs.pop_back();
  EXPECT_THAT(refusal(other), HasSubstr("has no output"));
  other = teacher();
  other.quantization.values["x"] = {};
  EXPECT_THAT(refusal(other), HasSubstr("int8"));
}

// What the teacher finds becomes the labels, in pixels of each image.
TEST(TeacherLabels, AreItsDetections) {
  const Model real = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  Dataset data = evenly(pictures(), 3);
  for (Sample& sample : data.samples) sample.objects.clear();
  const SizeOption size{.size = {320, 320}, .exact = true};
  EXPECT_TRUE(label_where_missing(data, real, size, "x"));
  EXPECT_TRUE(has_labels(data));
  EXPECT_EQ(data.names, real.info.names);
  double widest = 0;
  for (const Sample& sample : data.samples) {
    EXPECT_FALSE(sample.relative);
    for (const TruthObject& o : sample.objects) widest = std::max(widest, o.box.x2 - o.box.x1);
  }
  EXPECT_GT(widest, 20);
  const auto objects = data.samples[0].objects.size();
  EXPECT_FALSE(label_where_missing(data, teacher(), size, "x"));
  EXPECT_EQ(data.samples[0].objects.size(), objects) << "labels that are there stay";
  for (Sample& sample : data.samples) sample.objects.clear();
  EXPECT_THAT(error_of([&] { (void)label_where_missing(data, teacher(), size, "x"); }),
              HasSubstr("x: the teacher finds nothing"));
}

}  // namespace
}  // namespace octet
