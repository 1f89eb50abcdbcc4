#include "engine/crowding.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace octet {
namespace {

using Seconds = Crowding::Seconds;

// A machine on which an inference takes so long, together and alone, and of the first a share
// computing. Runs for so many seconds; how many inferences ran alone, of how many.
struct Machine {
  Seconds together{0.01}, alone{0.02};
  double computing = 1;
};
std::pair<int, int> run(Crowding& crowding, const Machine& m, double seconds, double from = 0) {
  int alone = 0, all = 0;
  for (Seconds now(from); now.count() < from + seconds; ++all) {
    const Seconds took = crowding.alone() ? m.alone : m.together;
    alone += crowding.alone() ? 1 : 0;
    now += took;
    crowding.see(now, took, took * m.computing);
  }
  return {alone, all};
}

constexpr Machine kQuiet;
constexpr Machine kCrowded{.together = Seconds(1), .alone = Seconds(0.02), .computing = 0.3};

TEST(Crowding, AQuietMachineStaysTogether) {
  Crowding crowding;
  EXPECT_EQ(run(crowding, kQuiet, 100).first, 0);
}

TEST(Crowding, ACrowdedOneRunsAloneAndLooksAgainEverMoreRarely) {
  Crowding crowding;
  auto [alone, all] = run(crowding, kCrowded, 600);
  EXPECT_GE(alone, 500);
  EXPECT_LE(all - alone, 3 + 6);  // after 10, 20, 40 … 300 s
  std::tie(alone, all) = run(crowding, kQuiet, 600, 600);
  EXPECT_LE(alone, 300 / 0.02);
  EXPECT_FALSE(crowding.alone()) << "it is quiet again";
  std::tie(alone, all) = run(crowding, kCrowded, 16, 1200);
  EXPECT_EQ(all - alone, 3 + 1) << "and forgotten: the first look is after 10 s again";
}

TEST(Crowding, OneThreadThatIsNoBetterIsLeftAtOnce) {
  Crowding crowding;
  const Machine machine{.together = Seconds(0.1), .alone = Seconds(0.3), .computing = 0.3};
  EXPECT_EQ(run(crowding, machine, 60).first, 3);
}

}  // namespace
}  // namespace octet
