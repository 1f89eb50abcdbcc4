#include "compress/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
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
  schedule.learn({.work = training_, .epochs = 10, .seconds = 20});  // two seconds each
  EXPECT_LT(schedule.epochs(), 30);
  EXPECT_EQ(schedule.short_epochs(), short_epochs(schedule.epochs()));
  EXPECT_TRUE(schedule.fits());
  const int epochs = schedule.epochs();
  schedule.learn({.work = training_, .epochs = 10, .seconds = 2000});
  EXPECT_EQ(schedule.epochs(), epochs) << "the first alone";
  Stages later = stages();
  Schedule again(later, work_, {.epochs = 30, .seconds = 100});
  again.learn({.work = training_, .epochs = 1, .seconds = 9});
  EXPECT_EQ(again.epochs(), epochs) << "is kept";
}

TEST_F(ScheduleTest, CandidatesHaveEqualEpochs) {
  Stages kept = stages();
  Schedule schedule(kept, work_, {.epochs = 30, .seconds = 100});
  schedule.learn({.work = training_, .epochs = 5, .seconds = 15, .candidate = true});
  EXPECT_LT(schedule.epochs(), 30);
  EXPECT_EQ(schedule.short_epochs(), 5);
}

// Of a budget of 200 seconds, the first training and the times before it took 81.
TEST_F(ScheduleTest, PlansWithWhatIsLeft) {
  Stages kept = stages();
  WorkPlan work = work_;
  work.wholes = {training_, {.gflops = 2}};
  Schedule schedule(kept, work, {.epochs = 60, .seconds = 200});
  write_text_file(folder_ / "work/stages/trained.json", R"({"stage_seconds": 81})");
  (void)kept.keep("trained", [] { return nlohmann::ordered_json(); });
  schedule.learn({.work = training_, .epochs = 60, .seconds = 60});  // a second each, as thought
  WorkPlan rest = work_;
  rest.wholes = {{.gflops = 2}};
  EXPECT_EQ(schedule.epochs(), epochs_within(rest, 60, 119));
  EXPECT_TRUE(schedule.fits());
  EXPECT_GT(epochs_within(work, 60, 200), 6) << "it is not the least";
}

TEST_F(ScheduleTest, HasAllEpochsWithoutABudget) {
  Stages kept = stages();
  Schedule schedule(kept, work_, {.epochs = 30});
  schedule.learn({.work = training_, .epochs = 1, .seconds = 1e6});
  EXPECT_EQ(schedule.epochs(), 30);
  EXPECT_THAT(schedule.text(), testing::HasSubstr("2 candidates with 5 epochs each, at most 2 "
                                                  "winners with 30; about "));
}

}  // namespace
}  // namespace octet
