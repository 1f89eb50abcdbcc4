#include "tune/choice/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tune/choice/halving.h"

namespace octet {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TunePoint point(double accuracy, double fps, double cpu_ms, double cpu_percent = 50) {
  return {.configuration = {},
          .figures = {.fps = fps,
                      .results_fps = fps,
                      .age_ms_p99 = 40,
                      .cpu_percent = cpu_percent,
                      .cpu_ms = cpu_ms},
          .accuracy = accuracy};
}

TEST(Goals, AskForALittleMoreAndNotForMoreThanTheSourceGives) {
  EXPECT_THAT(required_fps(10, 30), DoubleNear(10.3, 1e-9));
  EXPECT_THAT(required_fps(30, 30), DoubleNear(29.1, 1e-9));
  EXPECT_THAT(required_fps(15, 15.6), DoubleNear(14.55, 1e-9)) << "a rate that was read too high";
  EXPECT_THAT(required_fps(15, 14.6), DoubleNear(14.162, 1e-9));
  EXPECT_THAT(required_fps(15, 17), DoubleNear(15.45, 1e-9)) << "the source gives more";
  EXPECT_THAT(required_fps(30, 0), DoubleNear(30.9, 1e-9));
  EXPECT_TRUE(limited_by_source({.fps = 30}, 15));
  EXPECT_FALSE(limited_by_source({.fps = 30}, 29.97));
  EXPECT_FALSE(limited_by_source({.fps = 30}, 0));
}

TEST(Goals, TheNearestOneDecides) {
  const TuneGoals both{.fps = 10, .cpu_percent = 50};
  EXPECT_THAT(reserve(both, point(1, 20.6, 5, 95).figures, 30), DoubleNear(0.5, 1e-9));
  EXPECT_THAT(reserve(both, point(1, 5.15, 5, 10).figures, 30), DoubleNear(0.5, 1e-9));
  EXPECT_EQ(reserve(both, {}, 30), 0) << "without a result nothing holds";
}

TEST(Goals, UnderALimitOfTheProcessorFramesStillGetResults) {
  const TuneGoals goals{.cpu_percent = 50};
  EXPECT_GE(reserve(goals, point(1, 28, 5, 20).figures, 30), 1);
  EXPECT_LT(reserve(goals, point(1, 10, 5, 20).figures, 30), 1);
}

TEST(Goals, PowerIsALimitToo) {
  const TuneGoals goals{.watts = 5};
  EXPECT_TRUE(goals.any());
  EXPECT_EQ(goals.text(), "5 watts");
  Figures figures = point(1, 28, 5, 20).figures;
  EXPECT_GE(reserve(goals, figures, 30), 1) << "not known yet";
  figures.watts = 9.5;
  EXPECT_THAT(reserve(goals, figures, 30), DoubleNear(0.5, 1e-9));
  figures.watts = 4;
  EXPECT_GE(reserve(goals, figures, 30), 1);
  EXPECT_LT(reserve(goals, figures, 60), 1) << "frames still get results";
}

TEST(Ranking, TakesTheMostAccurateThatHoldsTheGoal) {
  const std::vector<TunePoint> points{point(0.99, 8, 90), point(0.9, 16, 40), point(0.7, 30, 10)};
  EXPECT_THAT(ranked(points, {.goals = {.fps = 15}, .source_fps = 30}), ElementsAre(1, 2, 0));
}

TEST(Ranking, ProcessorTimeDecidesAmongEquals) {
  const std::vector<TunePoint> points{point(0.9, 20, 40), point(0.897, 20, 30), point(0.8, 20, 5)};
  EXPECT_THAT(ranked(points, {.goals = {.fps = 15}, .source_fps = 30}), ElementsAre(1, 0, 2));
}

TEST(Ranking, DoubtKeepsWhatMissesByLittle) {
  const std::vector<TunePoint> points{point(0.99, 14, 90), point(0.9, 16, 40)};
  EXPECT_THAT(ranked(points, {.goals = {.fps = 15}, .source_fps = 30}), ElementsAre(1, 0));
  EXPECT_THAT(ranked(points, {.goals = {.fps = 15}, .source_fps = 30, .doubt = 0.2}),
              ElementsAre(0, 1));
}

TEST(Ranking, TheNearestIsFirstWhereNothingHolds) {
  const std::vector<TunePoint> points{point(0.99, 8, 90), point(0.5, 25, 40), point(0.9, 16, 9)};
  EXPECT_THAT(ranked(points, {.goals = {.fps = 60}}), ElementsAre(1, 2, 0));
}

TEST(Ranking, LeavesOutWhatFailed) {
  std::vector<TunePoint> points{point(0.99, 20, 90), point(0.9, 16, 40), point(0.5, 8, 9)};
  points[0].failed = points[2].failed = "the camera does not answer";
  EXPECT_THAT(ranked(points, {.goals = {.fps = 15}, .source_fps = 30}), ElementsAre(1));
  EXPECT_THAT(pareto_front(points), ElementsAre(1));
}

TEST(ParetoFront, HasWhatNothingBeats) {
  std::vector<TunePoint> points{point(0.9, 20, 40), point(0.95, 10, 90), point(0.85, 20, 50),
                                point(0.5, 30, 10), point(0.5, 30, 12)};
  points.push_back(point(0, 40, 1));
  points.back().accuracy.reset();
  EXPECT_THAT(pareto_front(points), ElementsAre(3, 0, 1));
  EXPECT_TRUE(pareto_front({}).empty());
}

TEST(Cheapest, TakesTimeAndProcessorTimeInTurn) {
  const std::vector<LookCost> costs{{10, 20}, {14, 14}, {12, 30}, {30, 15}};
  EXPECT_THAT(cheapest(costs, 1), ElementsAre(0));
  EXPECT_THAT(cheapest(costs, 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(cheapest(costs, 9), testing::SizeIs(4));
}

double seconds_of(const std::vector<HalvingRound>& rounds, double start_s) {
  double all = 0;
  for (const HalvingRound& r : rounds)
    all += static_cast<double>(r.candidates) * (r.seconds + start_s);
  return all;
}

TEST(Halving, SpendsTheBudgetInEqualRounds) {
  const auto rounds = plan_halving(8, {.budget_s = 60, .start_s = 1, .least_s = 1});
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_EQ(rounds[0].candidates, 8U);
  EXPECT_EQ(rounds[1].candidates, 4U);
  EXPECT_EQ(rounds[2].candidates, 2U);
  EXPECT_THAT(rounds[0].seconds, DoubleNear(1.5, 1e-9));
  EXPECT_THAT(rounds[2].seconds, DoubleNear(9, 1e-9));
  EXPECT_THAT(seconds_of(rounds, 1), DoubleNear(60, 1e-6));
}

TEST(Halving, BeginsWithFewerWhereTimeIsShort) {
  const auto rounds = plan_halving(100, {.budget_s = 10, .start_s = 1, .least_s = 1});
  ASSERT_FALSE(rounds.empty());
  EXPECT_LT(rounds[0].candidates, 4U);
  EXPECT_GE(rounds[0].seconds, 1);
  EXPECT_LE(seconds_of(rounds, 1), 10 + 1e-9);
  EXPECT_TRUE(plan_halving(3, {.budget_s = 1.5, .start_s = 1, .least_s = 1}).empty());
  EXPECT_TRUE(plan_halving(0, {.budget_s = 100}).empty());
}

TEST(Halving, NoLookIsLongerThanNeeded) {
  const auto rounds = plan_halving(2, {.budget_s = 600, .least_s = 1, .most_s = 20});
  EXPECT_EQ(rounds.front().seconds, 20);
}

}  // namespace
}  // namespace octet
