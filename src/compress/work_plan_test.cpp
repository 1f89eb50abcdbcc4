#include "compress/work_plan.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

const WorkPlan kPlan{.wholes = 1, .candidates = 4, .epoch_s = 10};

TEST(WorkPlan, TakesFewerEpochsWithinABudget) {
  EXPECT_EQ(epochs_within(kPlan, 30, 0), 30);
  EXPECT_EQ(epochs_within(kPlan, 30, 1e6), 30);
  const int within = epochs_within(kPlan, 30, 800);
  EXPECT_LT(within, 30);
  EXPECT_LE(seconds_of(kPlan, within), 800);
  EXPECT_GT(seconds_of(kPlan, within + 1), 800);
  EXPECT_EQ(epochs_within(kPlan, 30, 1), 6) << "fewer teach nothing";
  EXPECT_EQ(epochs_within(kPlan, 3, 1), 3) << "as the user asked";
}

TEST(WorkPlan, CountsEveryWinner) {
  WorkPlan more = kPlan;
  more.winners = 6;
  EXPECT_DOUBLE_EQ(seconds_of(more, 30) - seconds_of(kPlan, 30), 4 * 30 * kPlan.epoch_s);
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
