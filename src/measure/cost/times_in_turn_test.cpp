#include "measure/cost/times_in_turn.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet {
namespace {

// What disturbs one run of either changes nothing.
TEST(TimesInTurn, OneNoisyTimeDoesNotCount) {
  for (const auto& [firsts, seconds] :
       {std::pair{std::vector<double>{4, 4, 4}, std::vector<double>{2, 9, 2}},
        std::pair{std::vector<double>{9, 4, 4}, std::vector<double>{2, 2, 2}}}) {
    size_t a = 0, b = 0;
    const auto& of_first = firsts;
    const auto& of_second = seconds;
    const TimePair times = times_in_turn(
        [&] {
          EXPECT_EQ(a, b) << "in turn";
          return of_first[a++];
        },
        [&] { return of_second[b++]; });
    EXPECT_DOUBLE_EQ(times.first, 4);
    EXPECT_DOUBLE_EQ(times.second, 2);
  }
}

// A machine that is half as fast all the while is so for both.
TEST(TimesInTurn, KeepTheRatioOfASlowMachine) {
  double speed = 1;
  const TimePair times = times_in_turn([&] { return 4 * speed; },
                                       [&] {
                                         const double time = 2 * speed;
                                         speed *= 2;
                                         return time;
                                       });
  EXPECT_DOUBLE_EQ(times.second / times.first, 0.5);
}

}  // namespace
}  // namespace octet
