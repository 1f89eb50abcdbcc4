#include "compress/work_plan.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

// A second an epoch for each network, of 10 GFLOPs a step.
const WorkPlan kPlan{.wholes = {{.gflops = 3, .teacher_gflops = 1}},
                     .candidates = std::vector<TrainingWork>(4, {.gflops = 3, .teacher_gflops = 1}),
                     .int8_gflops = 1,
                     .images = 100,
                     .gflops_per_s = 100};

TEST(WorkPlan, AddsUpAllTrainings) {
  EXPECT_DOUBLE_EQ(seconds_of(kPlan, 30), 10 * (3 * 30 + 4 * 5) + 75);
  WorkPlan more = kPlan;
  more.winners = 6;
  EXPECT_DOUBLE_EQ(seconds_of(more, 30) - seconds_of(kPlan, 30), 10 * 4 * 30);
  more = kPlan;
  more.candidates.push_back({.gflops = 1});
  EXPECT_DOUBLE_EQ(seconds_of(more, 30) - seconds_of(kPlan, 30), 3 * 5) << "a smaller input";
}

// A choice has as many images with any data.
TEST(WorkPlan, ChoicesAreOfSomeImages) {
  WorkPlan plan{.choices = {1}, .images = 10, .gflops_per_s = 1};
  const double few = seconds_of(plan, 30);
  EXPECT_GT(few, 0);
  plan.images = 1000;
  EXPECT_DOUBLE_EQ(seconds_of(plan, 30), few);
}

TEST(WorkPlan, LearnsTheSpeedFromATraining) {
  EXPECT_DOUBLE_EQ(measured_gflops_per_s({.gflops = 3, .teacher_gflops = 1}, 100, 5, 50), 100);
}

// It may still win.
TEST(WorkPlan, LeavesOutWhatIsDone) {
  WorkPlan plan = kPlan;
  finish(plan.candidates, {.gflops = 3, .teacher_gflops = 1});
  EXPECT_DOUBLE_EQ(seconds_of(kPlan, 30) - seconds_of(plan, 30), 10 * 5);
  for (int i = 0; i < 4; ++i) finish(plan.candidates, {.gflops = 3, .teacher_gflops = 1});
  EXPECT_DOUBLE_EQ(seconds_of(kPlan, 30) - seconds_of(plan, 30), 10 * 4 * 5);
  finish(plan.wholes, {.gflops = 7});
  EXPECT_FALSE(plan.wholes[0].done) << "other work";
  plan = kPlan;
  plan.candidate_epochs = 2;
  EXPECT_DOUBLE_EQ(seconds_of(kPlan, 30) - seconds_of(plan, 30), 10 * 4 * 3);
}

TEST(WorkPlan, TakesFewerEpochsWithinABudget) {
  EXPECT_EQ(epochs_within(kPlan, 30, 0), 30);
  EXPECT_EQ(epochs_within(kPlan, 30, 1e6), 30);
  const int within = epochs_within(kPlan, 30, 600);
  EXPECT_LT(within, 30);
  EXPECT_LE(seconds_of(kPlan, within), 600);
  EXPECT_GT(seconds_of(kPlan, within + 1), 600);
  EXPECT_EQ(epochs_within(kPlan, 30, 1), 6) << "fewer teach nothing";
  EXPECT_EQ(epochs_within(kPlan, 3, 1), 3) << "as the user asked";
}

TEST(WorkPlan, SaysTimes) {
  EXPECT_EQ(time_text(20), "a minute");
  EXPECT_EQ(time_text(600), "10 min");
  EXPECT_EQ(time_text(9000), "2.5 h");
}

TEST(WorkPlan, ShortTrainingsHaveAnEpoch) {
  EXPECT_EQ(short_epochs(30), 5);
  EXPECT_EQ(short_epochs(2), 1);
}

}  // namespace
}  // namespace octet
