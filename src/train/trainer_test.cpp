#include "train/trainer.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/testing.h"
#include "format/model_file.h"

namespace octet {
namespace {

const std::string kTiny = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt";

TEST(WithClasses, KeepsAllButTheLastLayers) {
  const Model model = read_model(kTiny);
  const Model other = with_classes(model, {"a", "b"}, 1);
  EXPECT_EQ(other.info.names.size(), 2U);
  EXPECT_EQ(std::get<Conv2d>(other.graph.nodes[0].op).weight.values,
            std::get<Conv2d>(model.graph.nodes[0].op).weight.values);
  EXPECT_EQ(with_classes(model, model.info.names, 1).info.names, model.info.names);
}

// Two runs of one seed write the same weights, and what is written can be read.
TEST(Train, RepeatsExactlyAndWritesItsFiles) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model model = with_classes(read_model(kTiny), data.names, 0);
  std::vector<float> weights[2];
  for (auto& w : weights) {
    const TemporaryFolder folder;
    const TrainSummary s =
        train(model, data, data, {.epochs = 2, .side = 64, .batch = 4, .folder = folder.path()});
    EXPECT_EQ(s.epochs, 2);
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
  Model model = with_classes(read_model(kTiny), data.names, 0);
  std::get<BatchNorm>(model.graph.nodes[1].op).gamma.values[0] = 3e38F;
  const std::string message = error_of([&] {
    (void)train(model, data, data, {.epochs = 1, .side = 64, .batch = 4, .folder = folder.path()});
  });
  EXPECT_NE(message.find("epoch 1 batch 1"), std::string::npos) << message;
}

TEST(Train, FoldedModelIsRefused) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  const Model folded =
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect2-half-fused-ema.pt");
  EXPECT_NE(error_of([&] {
              (void)train(with_classes(folded, data.names, 0), data, data, {});
            }).find("folded"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
