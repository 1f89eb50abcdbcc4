#include "compress/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octet {
namespace {

using testing::ElementsAre;

// Times go by pixels, and relu6 saves a fifth.
double time_of(const std::string& activation, Size size) {
  return 1e-7 * size.width * size.height * (activation == "relu6" ? 0.8 : 1);
}
TimeOf with(const std::string& activation) {
  return [activation](Size size) { return time_of(activation, size); };
}

std::vector<std::string> texts(double most_s, const PlanOptions& options) {
  std::vector<std::string> list;
  for (const Candidate& c : plan_candidates(most_s, with(options.activation), options))
    list.push_back(c.text());
  return list;
}

TEST(SmallerInputs, AreMultiplesOf32OfTheSameShape) {
  EXPECT_THAT(smaller_inputs({320, 320}, 4),
              ElementsAre(Size{320, 320}, Size{288, 288}, Size{224, 224}, Size{192, 192}));
  EXPECT_THAT(smaller_inputs({640, 384}, 3),
              ElementsAre(Size{640, 384}, Size{544, 320}, Size{448, 288}));
  EXPECT_THAT(smaller_inputs({128, 128}, 9), ElementsAre(Size{128, 128}, Size{96, 96}));
  EXPECT_THAT(smaller_inputs({640, 640}, 1), ElementsAre(Size{640, 640}));
}

TEST(Plan, PrunesByWhatTheInputLeaves) {
  const double most = time_of("", {320, 320}) / 1.5;
  EXPECT_THAT(texts(most, {.size = {320, 320}}),
              ElementsAre("input 320x320, pruned by 1.50", "input 288x288, pruned by 1.22",
                          "input 256x256, not pruned"));
}

TEST(Plan, HasEveryActivation) {
  const double most = time_of("", {320, 320}) / 1.5;
  EXPECT_THAT(texts(most, {.size = {320, 320}, .activation = "silu", .pruned = 1}),
              ElementsAre("input 320x320, activation silu, pruned by 1.50",
                          "input 256x256, activation silu, not pruned"));
  EXPECT_THAT(texts(most, {.size = {320, 320}, .activation = "relu6", .pruned = 1}),
              ElementsAre("input 320x320, activation relu6, pruned by 1.20",
                          "input 288x288, activation relu6, not pruned"));
}

TEST(Plan, LeavesOutWhatPruningCannotReach) {
  const double most = time_of("", {320, 320}) / 4;
  for (const Candidate& c : plan_candidates(most, with(""), {.size = {320, 320}})) {
    EXPECT_LE(c.pruning, 3);
    EXPECT_LT(c.size.width, 320);
    EXPECT_LE(c.predicted_s, 1.001 * most);
  }
  EXPECT_TRUE(plan_candidates(1e-9, with(""), {.size = {320, 320}}).empty());
}

TEST(Plan, LeavesOutInputsOfUnknownTime) {
  const auto known = [](Size size) -> std::optional<double> {
    if (size.width == 288) return std::nullopt;
    return time_of("", size);
  };
  const auto list = plan_candidates(time_of("", {320, 320}) / 1.5, known, {.size = {320, 320}});
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1].size.width, 256);
}

// However much faster: the input alone can do it, and takes no training of a pruned model.
TEST(Plan, HasAnUnprunedCandidateAtEverySpeedup) {
  for (const double speedup : {1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 8.0}) {
    const double most = time_of("", {640, 640}) / speedup;
    const auto list = plan_candidates(most, with(""), {.size = {640, 640}});
    ASSERT_FALSE(list.empty());
    EXPECT_LE(list.size(), 5U);
    const Candidate& last = list.back();
    EXPECT_EQ(last.pruning, 1);
    EXPECT_LE(last.predicted_s, 1.02 * most);
    const int next = last.size.width + 32;
    EXPECT_GT(time_of("", {next, next}), 1.02 * most) << "a larger input would do";
  }
}

// A candidate has the least time, and none has less.
TEST(Plan, SaysTheLeastTime) {
  const PlanOptions options{.size = {320, 320}};
  const double least = least_time(with(""), options).value();
  EXPECT_FALSE(plan_candidates(1.001 * least, with(""), options).empty());
  EXPECT_TRUE(plan_candidates(0.99 * least, with(""), options).empty());
  EXPECT_EQ(least_time(with(""), {.size = {320, 320}, .most_pruning = 1}),
            time_of("", smaller_inputs({320, 320}, 10).back()));
  EXPECT_FALSE(least_time([](Size) { return std::nullopt; }, options).has_value());
}

// Rounded to where it can be met.
TEST(Plan, NamesTheNearestTarget) {
  EXPECT_EQ(nearest_target(0.0031415, 0.01), "3.15 ms, a speedup of 3.17");
}

TEST(Plan, KeepsTheShapeOfTheInput) {
  const double most = time_of("", {640, 384}) / 1.2;
  EXPECT_EQ(plan_candidates(most, with(""), {.size = {640, 384}}).back().size, (Size{576, 352}));
}

TEST(Plan, TakesAModelThatIsFastEnoughAsItIs) {
  EXPECT_THAT(texts(1, {.size = {320, 320}}), ElementsAre("input 320x320, not pruned"));
}

}  // namespace
}  // namespace octet
