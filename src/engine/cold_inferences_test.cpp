#include "engine/cold_inferences.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/input_time.h"

namespace octet {
namespace {

std::vector<LayerTime> layers(const char* first, double a, double b) {
  return {{.name = first, .operators = {}, .type = {}, .seconds = a},
          {.name = "b", .operators = {}, .type = {}, .seconds = b}};
}

TEST(ColdInferences, AreTakenOutOfMeans) {
  // Three of 10 and 4 seconds, and two of 1 and 4.
  const auto warm = without_cold(layers("a", 32.0 / 5, 4), 5, layers("a", 10, 4));
  EXPECT_NEAR(warm[0].seconds, 1, 1e-9);
  EXPECT_NEAR(warm[1].seconds, 4, 1e-9);
  EXPECT_EQ(without_cold(layers("a", 1, 1), 4, layers("a", 9, 1))[0].seconds, 0)
      << "times that an engine rounds";
}

TEST(ColdInferences, StayWhereThereIsNothingElse) {
  EXPECT_EQ(without_cold(layers("a", 7, 7), 3, layers("a", 7, 7))[0].seconds, 7);
  EXPECT_EQ(without_cold(layers("a", 7, 7), 9, layers("other", 70, 7))[0].seconds, 7);
  EXPECT_EQ(without_cold(layers("a", 7, 7), 9, {})[0].seconds, 7);
}

TEST(ColdInferences, AreNotInTheTimeOfTheImage) {
  InputTime time;
  EXPECT_EQ(time.layer().seconds, 0);
  for (int i = 0; i < kColdInferences; ++i) {
    const auto timed = time.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_GE(time.layer().seconds, 0.05);
  for (int i = 0; i < 100; ++i) {
    const auto timed = time.start();
  }
  EXPECT_LT(time.layer().seconds, 0.05 * kColdInferences / (100 + kColdInferences));
}

}  // namespace
}  // namespace octet
