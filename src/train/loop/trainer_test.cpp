#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "train/loop/train_float.h"
#include "train/network/batch_norm.h"
#include "train/network/float_network.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kTiny = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

TEST(WithClasses, KeepsAllButTheLastLayers) {
  const Model model = read_model(kTiny);
  const Model other = select_classes(model, {"a", "b"}, 1);
  EXPECT_EQ(other.info.names.size(), 2U);
  EXPECT_EQ(std::get<Conv2d>(other.graph.nodes[0].op).weight.values,
            std::get<Conv2d>(model.graph.nodes[0].op).weight.values);
  EXPECT_EQ(select_classes(model, model.info.names, 1).info.names, model.info.names);
}

// Two runs of one seed write the same weights, and what is written can be read.
TEST(Train, RepeatsExactlyAndWritesItsFiles) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(read_model(kTiny), data.names, 0);
  std::vector<float> weights[2];
  for (auto& w : weights) {
    const TemporaryFolder folder;
    const TrainSummary s = train_float(
        model, data, data, {.epochs = 2, .side = 64, .batch = 4, .folder = folder.path()});
    EXPECT_EQ(s.epochs.size(), 2U);
    EXPECT_EQ(s.images, 12);
    w = std::get<Conv2d>(read_model(folder / "last.safetensors").graph.nodes[0].op).weight.values;
    const std::string table = read_text_file(folder / "results.csv");
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
    EXPECT_TRUE(std::filesystem::exists(folder / "best.safetensors"));
  }
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_NE(weights[0], std::get<Conv2d>(model.graph.nodes[0].op).weight.values);
}

TEST(Train, LossThatDivergesStopsAndSaysWhere) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  Model model = select_classes(read_model(kTiny), data.names, 0);
  std::get<BatchNorm>(model.graph.nodes[1].op).gamma.values[0] = 3e38F;
  const std::string message = error_of([&] {
    (void)train_float(model, data, data,
                      {.epochs = 1, .side = 64, .batch = 4, .folder = folder.path()});
  });
  EXPECT_THAT(message, HasSubstr("epoch 1 batch 1")) << message;
}

std::vector<float> first_weights(const std::filesystem::path& file) {
  return std::get<Conv2d>(read_model(file).graph.nodes[0].op).weight.values;
}

// What was cut off in the middle and resumed ends as what ran through.
TEST(Train, ResumesExactly) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(read_model(kTiny), data.names, 0);
  const Loss loss(model.info, model.outputs());
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    const TemporaryFolder whole;
    const TemporaryFolder parts;
    TrainOptions options{.epochs = 3, .side = 64, .batch = 4, .optimizer = kind};
    const auto run = [&](double stop_at) {
      FloatNetwork net(model);
      const TrainingTask task{
          .network = net,
          .loss = [&](const auto& outputs, const torch::Tensor&,
                      const Targets& targets) { return loss(outputs, targets); },
          .before_epoch =
              [&](double progress, WeightAverage&) {
                if (progress > stop_at) fail("cut off");
              }};
      return train(task, data, data, options);
    };
    options.folder = whole.path();
    const TrainSummary through = run(1);
    options.folder = parts.path();
    EXPECT_EQ(error_of([&] { (void)run(0.5); }), "cut off");
    options.resume = true;
    const TrainSummary resumed = run(1);
    EXPECT_EQ(resumed.epochs.size(), 1U);
    EXPECT_EQ(resumed.epochs_done, 3) << "as many as its seconds are of";
    EXPECT_EQ(resumed.best_epoch, through.best_epoch);
    EXPECT_EQ(resumed.best.boxes.map50_95, through.best.boxes.map50_95);
    EXPECT_EQ(first_weights(whole / "last.safetensors"), first_weights(parts / "last.safetensors"));
    const std::string table = read_text_file(parts / "results.csv");
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4);
    const TrainSummary again = run(1);
    EXPECT_TRUE(again.epochs.empty()) << "all are done";
    EXPECT_EQ(again.best.boxes.map50_95, through.best.boxes.map50_95);
    options.augment.mixup = 0.5;
    EXPECT_THAT(error_of([&] { (void)run(1); }), HasSubstr("other options"));
    options.augment.mixup = 0;
    options.batch = 2;
    EXPECT_THAT(error_of([&] { (void)run(1); }), HasSubstr("other options"));
  }
}

TEST(Train, ResumesNoOtherModelsRun) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(read_model(kTiny), data.names, 0);
  const TemporaryFolder folder;
  TrainOptions options{.epochs = 1, .side = 64, .batch = 4, .folder = folder.path()};
  (void)train_float(model, data, data, options);
  options.resume = true;
  const auto refusal = [&](const Model& other) {
    return error_of([&] { (void)train_float(other, data, data, options); });
  };
  EXPECT_EQ(refusal(model), "");
  Model other = model;
  std::get<Conv2d>(other.graph.nodes[0].op).weight.values[0] += 1;
  EXPECT_THAT(refusal(other), HasSubstr("other options"));
  other = model;
  std::get<BatchNorm>(other.graph.nodes[1].op).beta.values[0] += 1;
  EXPECT_THAT(refusal(other), HasSubstr("other options"));
  other = model;
  for (Node& node : other.graph.nodes) {
    if (auto* act = std::get_if<Activation>(&node.op)) act->kind = ActivationKind::kRelu6;
  }
  EXPECT_THAT(refusal(other), HasSubstr("other options"));
}

// Neither the model as given nor an epoch finds anything: the model as given is kept.
TEST(Train, ModelThatNoEpochBettersIsKept) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(read_model(kTiny), data.names, 0);
  TrainOptions options{.epochs = 1, .side = 64, .batch = 4, .folder = folder.path()};
  EXPECT_EQ(train_float(model, data, data, options).best_epoch, 1);
  options.already_trained = true;
  const TrainSummary s = train_float(model, data, data, options);
  EXPECT_EQ(s.best_epoch, 0);
  EXPECT_EQ(first_weights(folder / "best.safetensors"),
            std::get<Conv2d>(model.graph.nodes[0].op).weight.values);
  EXPECT_NE(first_weights(folder / "last.safetensors"), first_weights(folder / "best.safetensors"));
  EXPECT_DOUBLE_EQ(s.epochs[0].learning_rate, 0.001);
}

// Images are squares, and the shape that the model is for decides.
TEST(Train, JudgesAtItsInput) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  FloatNetwork net(model);
  const auto best = [&](std::optional<Size> judged) {
    const TrainOptions options{.epochs = 0,
                               .side = 160,
                               .already_trained = true,
                               .judged = judged,
                               .folder = folder.path()};
    return train({.network = net, .loss = {}}, data, data, options).best.boxes.map50_95;
  };
  const Size wide{160, 96};
  const SizeOption size{.size = wide, .exact = true};
  EXPECT_NEAR(best(wide), evaluate(model, data, size, Voting::kNone).boxes.map50_95, 1e-6);
  EXPECT_NE(best(wide), best(std::nullopt));
}

TEST(Train, FrozenLayersStay) {
  const TemporaryFolder folder;
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = select_classes(read_model(kTiny), data.names, 0);
  (void)train_float(model, data, data,
                    {.epochs = 1, .side = 64, .batch = 4, .freeze = 1, .folder = folder.path()});
  const Model trained = read_model(folder / "last.safetensors");
  const auto weights = [](const Model& m, const char* name) {
    return std::get<Conv2d>(m.graph.find(name)->op).weight.values;
  };
  const auto means = [](const Model& m, const char* name) {
    return std::get<BatchNorm>(m.graph.find(name)->op).mean.values;
  };
  EXPECT_EQ(weights(trained, "model.0.conv"), weights(model, "model.0.conv"));
  EXPECT_EQ(means(trained, "model.0.bn"), means(model, "model.0.bn"));
  EXPECT_NE(means(trained, "model.1.bn"), means(model, "model.1.bn"));
  EXPECT_NE(weights(trained, "model.1.conv"), weights(model, "model.1.conv"));
}

// Mean and variance of every BatchNorm.
std::vector<std::vector<float>> norms(const Model& model) {
  std::vector<std::vector<float>> out;
  for (const Node& node : model.graph.nodes) {
    const auto* norm = std::get_if<BatchNorm>(&node.op);
    if (norm == nullptr) continue;
    out.push_back(norm->mean.values);
    out.push_back(norm->variance.values);
  }
  return out;
}

// A file whose BatchNorm divides by 1, as far as half precision can say it, is neutral too.
TEST(BatchNormalization, NearlyNeutralIsNeutral) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  Model model = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  for (const float variance : {1.0F, 0.9990234375F}) {
    for (Node& node : model.graph.nodes) {
      if (auto* norm = std::get_if<BatchNorm>(&node.op)) {
        std::fill(norm->mean.values.begin(), norm->mean.values.end(), 0.0F);
        std::fill(norm->variance.values.begin(), norm->variance.values.end(), variance);
      }
    }
    EXPECT_NE(norms(with_batch_norm(model, data, {.side = 64, .batch = 8})), norms(model));
  }
}

// Folded BatchNorm is measured and put back: with the new statistics the model computes the same,
// and batch statistics of the same pictures are near it.
TEST(BatchNormalization, IsPutBack) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model folded =
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect2-half-fused-ema.pt");
  const Model restored = with_batch_norm(folded, data, {.side = 64, .batch = 8});
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> pictures;
  for (const Sample& s : data.samples)
    pictures.push_back(read_letterboxed(s.image, {64, 64}).bytes);
  const torch::Tensor image = to_unit(torch::cat(pictures));
  GraphExecutor before(folded.graph);
  GraphExecutor after(restored.graph);
  const auto wanted = before.forward(image, NormMode::kRunningStatistics);
  const auto same = after.forward(image, NormMode::kRunningStatistics);
  const auto trained = after.forward(image, NormMode::kBatchStatistics);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto largest = wanted[i].abs().max().item<double>();
    EXPECT_LT((wanted[i] - same[i]).abs().max().item<double>(), 1e-3 * largest);
    EXPECT_LT((wanted[i] - trained[i]).abs().mean().item<double>(), 0.05 * largest);
  }
  EXPECT_EQ(norms(with_batch_norm(restored, data, {.side = 64})), norms(restored));
}

}  // namespace
}  // namespace octet
