#include "train/prune/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/file.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "train/loop/run_state.h"

namespace octet {
namespace {

using testing::HasSubstr;

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

const Model& real() {
  static const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  return model;
}

double whole() { return FlopCost().predict(fold_batch_norm(real()).graph, {64, 64}); }

PruneOptions options_for(const TemporaryFolder& folder, int rounds) {
  PruneOptions options{.most_cost = 0.7 * whole(),
                       .rounds = rounds,
                       .choice = {.size = {64, 64}, .side = 64, .images = 4},
                       .recovery = {.train = {.epochs = 3, .side = 64, .batch = 4}}};
  options.recovery.train.folder = folder.path();
  options.recovery.train.already_trained = true;
  options.recovery.train.augment = AugmentOptions::none();
  return options;
}

PruneResult pruned(const PruneOptions& options) {
  return prune(real(), pictures(), pictures(), FlopCost(), options);
}

TEST(Prune, ReachesItsCostInRounds) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 2);
  std::vector<double> prepared;  // costs of the models that a table has to know
  options.prepare = [&](const Model& model) {
    prepared.push_back(FlopCost().predict(fold_batch_norm(model).graph, {64, 64}));
  };
  const PruneResult r = pruned(options);
  ASSERT_EQ(r.rounds.size(), 2U);
  ASSERT_EQ(prepared.size(), 2U);
  EXPECT_EQ(prepared[0], whole());
  EXPECT_EQ(prepared[1], r.rounds[0].cost);
  EXPECT_GT(r.rounds[0].cost, 0.7 * whole());
  EXPECT_LE(r.rounds[0].cost, 0.85 * whole());
  EXPECT_LE(r.rounds[1].cost, 0.7 * whole());
  EXPECT_EQ(r.training.epochs.size(), 2U) << "one of three is in the first round";
  EXPECT_GT(r.seconds, r.training.seconds) << "of both rounds";
  const Model best = read_model(folder / "best.safetensors");
  EXPECT_DOUBLE_EQ(FlopCost().predict(fold_batch_norm(best).graph, {64, 64}), r.rounds[1].cost);
  EXPECT_TRUE(std::filesystem::exists(folder / "round-1/best.safetensors"));
}

// A network whose time falls less than its operations: more has to go.
TEST(Prune, ChoosesAgainByTheMeasuredTime) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  options.recovery.train.epochs = 1;
  options.measure = [](const Model& model) -> std::optional<double> {
    return 0.2 * whole() + 0.8 * FlopCost().predict(fold_batch_norm(model).graph, {64, 64});
  };
  const PruneResult r = pruned(options);
  const double measured = (0.2 * whole() + 0.8 * r.rounds[0].cost) / whole();
  EXPECT_NEAR(measured, 0.7, 0.03);
  EXPECT_NEAR(r.rounds[0].share, measured, 0.03) << "as the first choice taught";
  EXPECT_LT(r.rounds[0].cost / whole(), measured - 0.05) << "the layers alone say less";
}

// What was chosen is kept, and the training goes on.
TEST(Prune, ResumesWithoutAnotherChoice) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 2);
  const PruneResult first = pruned(options);
  const std::string before = read_text_file(folder / "best.safetensors");
  options.recovery.train.resume = true;
  const PruneResult again = pruned(options);
  EXPECT_EQ(again.rounds.size(), 2U);
  EXPECT_EQ(again.rounds[1].cost, first.rounds[1].cost);
  EXPECT_EQ(again.rounds[1].share, first.rounds[1].share);
  EXPECT_EQ(again.rounds[1].removals.size(), first.rounds[1].removals.size());
  EXPECT_EQ(again.training.epochs.size(), 0U);
  EXPECT_EQ(read_text_file(folder / "best.safetensors"), before);
}

// More epochs are for the round that is not done.
TEST(Prune, RoundThatIsDoneIsNotTrainedOn) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 2);
  const PruneResult first = pruned(options);
  options.recovery.train.resume = true;
  options.recovery.train.epochs = 9;
  const PruneResult again = pruned(options);
  EXPECT_EQ(read_position(folder / "round-1/last.safetensors").epoch, 1);
  EXPECT_EQ(again.training.epochs_done, 6) << "three are for the first round";
  EXPECT_NEAR(again.seconds - again.training.seconds, first.seconds - first.training.seconds, 0.5);
}

TEST(Prune, RefusesTheChoiceOfAnotherRun) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  (void)pruned(options);
  options.recovery.train.resume = true;
  options.asked = "less";
  EXPECT_THAT(error_of([&] { (void)pruned(options); }),
              HasSubstr("choice.json: was chosen for another model"));
  options = options_for(folder, 1);
  options.recovery.train.resume = true;
  const Dataset fewer = evenly(pictures(), 11);
  EXPECT_THAT(error_of([&] { (void)prune(real(), fewer, pictures(), FlopCost(), options); }),
              HasSubstr("choice.json: was chosen for another model"));
}

TEST(Prune, KeepsThatACostCannotBeMet) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  options.most_cost = 0.001 * whole();
  const std::string first = error_of([&] { (void)pruned(options); });
  EXPECT_THAT(first, HasSubstr("cannot be made so small"));
  options.recovery.train.resume = true;
  EXPECT_EQ(error_of([&] { (void)pruned(options); }), first);
}

// The first choice is good enough, and a better one is not to be had.
TEST(Prune, KeepsAChoiceThatCannotBeImproved) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  options.recovery.train.epochs = 1;
  options.measure = [](const Model&) -> std::optional<double> { return 1; };  // nothing helps
  const PruneResult r = pruned(options);
  EXPECT_LE(r.rounds[0].cost, 0.7 * whole());
}

TEST(Prune, RefusesATargetThatIsMetAlready) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  options.asked = "9 ms by cache";
  options.most_cost = 1.5 * whole();
  EXPECT_THAT(error_of([&] { (void)pruned(options); }),
              HasSubstr("fast enough already: 9 ms by cache allows 1.5 times its cost"));
  EXPECT_FALSE(std::filesystem::exists(folder / "choice.json"));
}

TEST(Prune, NamesADamagedChoice) {
  const TemporaryFolder folder;
  PruneOptions options = options_for(folder, 1);
  options.recovery.train.resume = true;
  for (const std::string text : {"", "{", "[]", R"({"key": 1})", R"({"key": "x", "cost": "y"})"}) {
    write_text_file(folder / "choice.json", text);
    EXPECT_THAT(error_of([&] { (void)pruned(options); }), HasSubstr("choice.json: "));
  }
}

}  // namespace
}  // namespace octet
