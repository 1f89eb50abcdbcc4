// What a run leaves in its files, through interruptions and more epochs; and heads for other keypoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <optional>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "train/loop/run_state.h"
#include "train/loop/train_float.h"
#include "train/network/float_network.h"
#include "train/quantize/calibrate.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kCheckpoints = OCTET_SOURCE_DIR "/tests/data/checkpoints/";

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

std::vector<std::vector<std::string>> table_of(const std::filesystem::path& folder) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(read_text_file(folder / "results.csv"));
  for (std::string line; std::getline(text, line);) {
    auto& row = rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  return rows;
}

// A network whose evaluation may set the flag to stop.
class StoppingNetwork : public FloatNetwork {
 public:
  StoppingNetwork(const Model& model, std::atomic<bool>* stop) : FloatNetwork(model), stop_(stop) {}
  Forward inference() override {
    return [forward = FloatNetwork::inference(), stop = stop_](const torch::Tensor& image) {
      if (stop != nullptr) *stop = true;
      return forward(image);
    };
  }

 private:
  std::atomic<bool>* stop_;
};

std::vector<float> weights_of(const std::filesystem::path& folder) {
  const Model model = read_model(folder / "last.safetensors");
  return std::get<Conv2d>(model.graph.nodes[0].op).weight.values;
}

// A run whose flag to stop the test sets.
class Interrupted : public ::testing::Test {
 protected:
  Interrupted() { set_stop_flag(stop_); }
  ~Interrupted() override {
    static const std::atomic<bool> never = false;
    set_stop_flag(never);
  }

  // Stops behind that batch, counted from 1; 0: never.
  TrainSummary run(const TrainOptions& options, int stop_behind = 0) {
    const Model model =
        select_classes(read_model(kCheckpoints + "v8.4.190-detect3.pt"), pictures().names, 0);
    StoppingNetwork net(model, stop_in_validation_ ? &stop_ : nullptr);
    const Loss loss(model.info, model.outputs());
    int batches = 0;
    stop_ = false;
    const TrainingTask task{
        .network = net,
        .loss = [&](const auto& outputs, const torch::Tensor&, const Targets& targets) {
          if (++batches == stop_behind) stop_ = true;
          LossItems items = loss(outputs, targets);
          if (batches == diverge_at_) items.total = items.total * std::nan("");
          return items;
        }};
    return train(task, data_.value_or(pictures()), validation_.value_or(pictures()), options);
  }

  std::atomic<bool> stop_ = false;
  bool stop_in_validation_ = false;
  int diverge_at_ = 0;                        // a batch, counted from 1
  std::optional<Dataset> data_, validation_;  // else the samples
  TemporaryFolder whole_, parts_;
};

// Three batches an epoch: cut off in the middle of the first, and behind its last batch.
TEST_F(Interrupted, EpochHasTheLossesOfAllItsBatches) {
  TrainOptions options{.epochs = 2, .side = 64, .batch = 4, .folder = whole_.path()};
  (void)run(options);
  const auto wanted = table_of(whole_.path());
  for (const int stop_behind : {2, 3}) {
    options.folder = parts_ / std::to_string(stop_behind);
    make_folder(options.folder);
    options.resume = false;
    EXPECT_TRUE(run(options, stop_behind).interrupted);
    options.resume = true;
    EXPECT_FALSE(run(options).interrupted);
    const auto found = table_of(options.folder);
    ASSERT_EQ(found.size(), 3U);
    for (size_t row = 1; row < 3; ++row) {
      EXPECT_GT(std::stod(found[row].at(2)), 0) << "images a second";
      for (size_t column = 3; column < wanted[0].size(); ++column) {
        EXPECT_NEAR(std::stod(found[row].at(column)), std::stod(wanted[row].at(column)), 2e-4)
            << wanted[0][column] << ", stopped behind batch " << stop_behind;
      }
    }
    EXPECT_GT(std::stod(found[1].at(3)), 0);
  }
}

TEST_F(Interrupted, FinishedRunIsProlonged) {
  TrainOptions options{.epochs = 1, .side = 64, .batch = 4, .folder = parts_.path()};
  (void)run(options);
  options.resume = true;
  EXPECT_EQ(run(options).epochs.size(), 0U) << "all are done";
  options.epochs = 3;
  EXPECT_EQ(run(options).epochs.size(), 2U);
  EXPECT_EQ(table_of(parts_.path()).size(), 4U);
}

// Gradients of the batches before a step are not in the file.
TEST_F(Interrupted, StepOfSeveralBatchesIsWhole) {
  TrainOptions options{
      .epochs = 1, .side = 64, .batch = 4, .accumulate = 2, .folder = whole_.path()};
  (void)run(options);
  options.folder = parts_.path();
  EXPECT_TRUE(run(options, 1).interrupted);
  options.resume = true;
  EXPECT_FALSE(run(options).interrupted);
  EXPECT_EQ(weights_of(parts_.path()), weights_of(whole_.path()));
}

TEST_F(Interrupted, ValidationIsDoneAgain) {
  TrainOptions options{.epochs = 2, .side = 64, .batch = 4, .folder = whole_.path()};
  (void)run(options);
  options.folder = parts_.path();
  stop_in_validation_ = true;
  EXPECT_TRUE(run(options).interrupted);
  EXPECT_FALSE(std::filesystem::exists(parts_ / "results.csv"));
  stop_in_validation_ = false;
  options.resume = true;
  EXPECT_EQ(run(options).epochs_done, 2);
  EXPECT_EQ(table_of(parts_.path()).size(), 3U);
  EXPECT_EQ(weights_of(parts_.path()), weights_of(whole_.path()));
}

TEST_F(Interrupted, ReadingIsHeeded) {
  stop_ = true;
  EXPECT_THAT(error_of([] { const BatchLoader loader(pictures(), {.side = 64}); }),
              HasSubstr("interrupted while reading images"));
  EXPECT_THAT(error_of([] { (void)calibration_batch(pictures(), 2, 64); }),
              HasSubstr("interrupted while calibrating; nothing was written"));
}

// More epochs make the usual learning rate another one. The run keeps that which it began with.
TEST_F(Interrupted, LearningRateStaysWhereTheRunIsProlonged) {
  TrainOptions options{.epochs = 3333, .side = 64, .batch = 4, .folder = parts_.path()};
  ASSERT_NE(usual_learning_rate(options, 3 * 3333), usual_learning_rate(options, 3 * 4000));
  EXPECT_TRUE(run(options, 4).interrupted);
  options.resume = true;
  options.epochs = 4000;
  EXPECT_TRUE(run(options, 3).interrupted);
  const auto table = table_of(parts_.path());
  ASSERT_EQ(table.size(), 3U);
  EXPECT_NEAR(std::stod(table[1].back()), 0.001, 1e-5);
  EXPECT_NEAR(std::stod(table[2].back()), 0.001, 1e-5);
  options.learning_rate = 0.001;
  EXPECT_THAT(error_of([&] { (void)run(options); }), HasSubstr("other options"));
}

TEST_F(Interrupted, EarlyStopStays) {
  TrainOptions options{.epochs = 6, .side = 64, .batch = 4, .patience = 1, .folder = parts_.path()};
  const int done = run(options).epochs_done;
  ASSERT_LT(done, 6);
  options.resume = true;
  EXPECT_EQ(run(options).epochs_done, done);
  options.patience = 2;
  EXPECT_EQ(run(options).epochs_done, done + 1);
}

// The power failed between the table and the run's state.
TEST_F(Interrupted, RowOfAnEpochThatIsDoneAgainGoes) {
  TrainOptions options{.epochs = 2, .side = 64, .batch = 4, .folder = parts_.path()};
  (void)run(options);
  const std::string table = read_text_file(parts_ / "results.csv");
  write_text_file(parts_ / "results.csv", table + "3,0,0,0,0,0,0,0,0\n");
  options.resume = true;
  options.epochs = 3;
  (void)run(options);
  const auto rows = table_of(parts_.path());
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0][0], "epoch");
  for (size_t epoch = 1; epoch <= 3; ++epoch) EXPECT_EQ(rows[epoch][0], std::to_string(epoch));
  EXPECT_NE(rows[3][2], "0");
}

TEST_F(Interrupted, DivergenceSaysAWayThatIsOpen) {
  diverge_at_ = 4;
  const TrainOptions options{.epochs = 2, .side = 64, .batch = 4, .folder = parts_.path()};
  EXPECT_THAT(
      error_of([&] { (void)run(options); }),
      HasSubstr("at epoch 2 batch 1; try a lower --lr with --overwrite, or with another -o, which "
                "keeps the best epoch in " +
                (parts_ / "best.safetensors").string()));
}

TEST_F(Interrupted, WhatChangesTheResultIsAnotherRun) {
  const TrainOptions first{.epochs = 1, .side = 64, .batch = 4, .folder = parts_.path()};
  (void)run(first);
  TrainOptions options = first;
  options.epochs = 2;
  options.resume = true;
  const auto refusal = [&](const TrainOptions& with) { return error_of([&] { (void)run(with); }); };
  TrainOptions other = options;
  other.rectangular = true;
  EXPECT_THAT(refusal(other), HasSubstr("is of a run with another model"));
  other = options;
  other.bf16 = true;
  EXPECT_THAT(refusal(other), HasSubstr("is of a run with another model"));
  validation_ = evenly(pictures(), 11);
  EXPECT_THAT(refusal(options), HasSubstr("is of a run with another model"));
  validation_.reset();
  data_ = pictures();
  data_->flip_index = {0};
  EXPECT_THAT(refusal(options), HasSubstr("is of a run with another model"));
  data_.reset();
  options.patience = 7;
  EXPECT_EQ(refusal(options), "");
}

TEST_F(Interrupted, OtherImagesAreAnotherRun) {
  Dataset other = pictures();
  EXPECT_EQ(fingerprint(other), fingerprint(pictures()));
  for (Sample& sample : other.samples) sample.image = "elsewhere" / sample.image.filename();
  EXPECT_EQ(fingerprint(other), fingerprint(pictures())) << "they may be moved";
  other.samples.front().image = "other.jpg";
  TrainOptions options{.epochs = 1, .side = 64, .batch = 4, .folder = parts_.path()};
  (void)run(options);
  options.epochs = 2;
  options.resume = true;
  EXPECT_NE(fingerprint(other), fingerprint(pictures()));
  data_ = pictures();
  std::swap(data_->samples.front(), data_->samples.back());
  EXPECT_THAT(error_of([&] { (void)run(options); }), HasSubstr("is of a run with another model"));
}

TEST_F(Interrupted, TableHasWhatTheModelHas) {
  (void)run({.epochs = 1, .side = 64, .batch = 4, .folder = parts_.path()});
  EXPECT_THAT(
      read_text_file(parts_ / "results.csv"),
      testing::StartsWith("epoch,seconds,images_per_second,box,cls,dfl,map50,map50_95,lr\n1,"));
  EXPECT_THAT(read_text_file(parts_ / "results.csv"), testing::Not(HasSubstr("-1")));
}

TEST(NamedLosses, AreThoseThatExist) {
  const auto names = [](LossParts parts, int keypoints, int dims) {
    Head head;
    head.keypoints = keypoints;
    head.keypoint_dims = dims;
    std::string all;
    for (const NamedLoss& loss : named_losses(parts, head)) all += std::string(loss.name) + " ";
    return all;
  };
  EXPECT_EQ(names({}, 0, 0), "box cls dfl ");
  EXPECT_EQ(names({}, 17, 3), "box cls dfl keypoint visibility ");
  EXPECT_EQ(names({}, 17, 2), "box cls dfl keypoint ");
  EXPECT_EQ(names({.labels = false, .distill = true}, 17, 3), "distill ");
  EXPECT_EQ(names({.labels = true, .distill = true}, 0, 0), "box cls dfl distill ");
}

// The samples, each object with its box's corners as keypoints.
Dataset with_corners(int dims) {
  Dataset data = pictures();
  data.keypoints = 4;
  data.keypoint_dims = dims;
  data.flip_index = {1, 0, 3, 2};
  for (Sample& sample : data.samples) {
    for (TruthObject& o : sample.objects) {
      o.class_index = 0;
      for (const double y : {o.box.y1, o.box.y2}) {
        for (const double x : {o.box.x1, o.box.x2})
          o.keypoints.push_back({.x = x, .y = y, .visibility = 2});
      }
    }
  }
  data.names = {"object"};
  return data;
}

TEST(SelectKeypoints, OtherShapesAreLearnt) {
  const Model pose = read_model(kCheckpoints + "v8.4.190-pose1-half-ema.pt");
  for (const int dims : {2, 3}) {
    const TemporaryFolder folder;
    const Dataset data = with_corners(dims);
    const Model model =
        select_keypoints(select_classes(pose, data.names, 0),
                         {.count = 4, .dims = dims, .flip_index = data.flip_index}, 0);
    EXPECT_EQ(std::get<Conv2d>(model.graph.nodes[0].op).weight.values,
              std::get<Conv2d>(pose.graph.nodes[0].op).weight.values);
    const TrainSummary s = train_float(
        model, data, data, {.epochs = 2, .side = 64, .batch = 4, .folder = folder.path()});
    EXPECT_GT(s.epochs[0].loss.keypoint, 0);
    EXPECT_EQ(s.epochs[0].loss.visibility > 0, dims == 3);
    const Model trained = read_model(folder / "last.safetensors");
    EXPECT_EQ(trained.info.head.keypoints, 4);
    EXPECT_EQ(trained.info.head.keypoint_dims, dims);
    EXPECT_EQ(trained.info.flip_index, data.flip_index);
    EXPECT_EQ(trained.outputs().size(), model.outputs().size());
  }
}

TEST(SelectKeypoints, SameShapeStays) {
  const Model pose = read_model(kCheckpoints + "v8.4.190-pose1-half-ema.pt");
  const Head& head = pose.info.head;
  const Model same =
      select_keypoints(pose, {.count = head.keypoints, .dims = head.keypoint_dims}, 1);
  EXPECT_EQ(same.info.flip_index, pose.info.flip_index);
  for (size_t i = 0; i < pose.graph.nodes.size(); ++i) {
    const auto* conv = std::get_if<Conv2d>(&pose.graph.nodes[i].op);
    if (conv == nullptr) continue;
    EXPECT_EQ(conv->weight.values, std::get<Conv2d>(same.graph.nodes[i].op).weight.values);
  }
  const Model two = select_keypoints(pose, {.count = head.keypoints, .dims = 2}, 1);
  const Model three = select_keypoints(two, {.count = head.keypoints, .dims = 3}, 1);
  EXPECT_LT(two.outputs().size(), three.outputs().size());
  EXPECT_EQ(three.outputs().size(), pose.outputs().size());
}

TEST(UsualLearningRate, FollowsTheNumberOfBatchesAndTheirSize) {
  TrainOptions options{.batch = 16};
  EXPECT_DOUBLE_EQ(usual_learning_rate(options, 130), 0.004);
  EXPECT_DOUBLE_EQ(usual_learning_rate(options, 740'000), 0.01);
  options.accumulate = 8;
  EXPECT_DOUBLE_EQ(usual_learning_rate(options, 130), 0.01);
  options.already_trained = true;
  EXPECT_DOUBLE_EQ(usual_learning_rate(options, 130), 0.001);
  options.optimizer = OptimizerKind::kAdamW;
  EXPECT_DOUBLE_EQ(usual_learning_rate(options, 130), 0.0001);
}

// A share of what was is averaged over, however few the updates are.
TEST(WeightAverage, SpansAShareOfTheUpdates) {
  Model model = read_model(kCheckpoints + "v8.4.190-detect3.pt");
  FloatNetwork net(model);
  const auto& [name, tensor] = *net.parameters().begin();
  WeightAverage average(net, {.least_share = 0.25});
  const torch::NoGradGuard no_grad;
  tensor.detach().fill_(0);
  for (int i = 0; i < 100; ++i) average.update(net);
  tensor.detach().fill_(1);
  for (int i = 0; i < 4; ++i) average.update(net);  // each counts for about 1 in 26
  const double mean = average.values().at(name).mean().item<double>();
  EXPECT_NEAR(mean, 1 - std::pow(1 - 1.0 / 26.5, 4), 0.01);
}

}  // namespace
}  // namespace octet
