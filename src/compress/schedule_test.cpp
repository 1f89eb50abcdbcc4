#include "compress/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/testing.h"

namespace octet {
namespace {

class ScheduleTest : public testing::Test {
 protected:
  [[nodiscard]] Stages stages() const { return {folder_ / "work", "octet", "key", false}; }

  // An epoch is thought to take a second.
  const TrainingWork training_{.gflops = 1};
  const WorkPlan work_{
      .candidates = {training_, training_}, .winners = 2, .images = 100, .gflops_per_s = 300};
  TemporaryFolder folder_;
};

TEST_F(ScheduleTest, LearnsFromAWholeTraining) {
  Stages kept = stages();
  Schedule schedule(kept, work_, {.epochs = 30, .seconds = 100});
  EXPECT_EQ(schedule.epochs(), 30);
  EXPECT_TRUE(schedule.fits());
  schedule.learn(training_, {{"epochs", 10}, {"seconds", 20}}, false);  // two seconds each
  EXPECT_LT(schedule.epochs(), 30);
  EXPECT_EQ(schedule.short_epochs(), short_epochs(schedule.epochs()));
  EXPECT_TRUE(schedule.fits());
  const int epochs = schedule.epochs();
  schedule.learn(training_, {{"epochs", 10}, {"seconds", 2000}}, false);
  EXPECT_EQ(schedule.epochs(), epochs) << "the first alone";
  Stages later = stages();
  Schedule again(later, work_, {.epochs = 30, .seconds = 100});
  again.learn(training_, {{"epochs", 1}, {"seconds", 9}}, false);
  EXPECT_EQ(again.epochs(), epochs) << "is kept";
}

TEST_F(ScheduleTest, CandidatesHaveEqualEpochs) {
  Stages kept = stages();
  Schedule schedule(kept, work_, {.epochs = 30, .seconds = 100});
  schedule.learn(training_, {{"epochs", 5}, {"seconds", 15}}, true);
  EXPECT_LT(schedule.epochs(), 30);
  EXPECT_EQ(schedule.short_epochs(), 5);
}

TEST_F(ScheduleTest, HasAllEpochsWithoutABudget) {
  Stages kept = stages();
  Schedule schedule(kept, work_, {.epochs = 30});
  schedule.learn(training_, {{"epochs", 1}, {"seconds", 1e6}}, false);
  EXPECT_EQ(schedule.epochs(), 30);
  EXPECT_THAT(schedule.text(), testing::HasSubstr("2 candidates with 5 epochs each, at most 2 "
                                                  "winners with 30; about "));
}

}  // namespace
}  // namespace octet
