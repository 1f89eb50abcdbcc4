#include "live/policy/governor.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

// A machine on which a detection of a frame costs as its input's area, and following it little.
class Machine {
 public:
  Machine(double cost, std::vector<int> sides) : cost_(cost), sides_(std::move(sides)) {}
  [[nodiscard]] LoadSample second(const Governor::Step& step) const {
    const double side = sides_[step.size];
    const double share = cost_ * side * side / (640.0 * 640) / (step.skip + 1) + 0.05;
    return {.fps = share > 1 ? 25 / share : 25,
            .age_ms_p99 = 50 * share,
            .cpu_share = std::min(1.0, share),
            .smallest_object = smallest_ * side / 640};
  }
  double cost_;
  std::vector<int> sides_;
  double smallest_ = 100;  // pixels at 640
};

const std::vector<int> kSides = {640, 480, 320};

int changes_in(Governor& governor, const Machine& machine, int seconds) {
  int changes = 0;
  for (int i = 0; i < seconds; ++i) changes += governor.see(machine.second(governor.step()));
  return changes;
}

TEST(Governor, HoldsAShareOfTheProcessorAndComesToRest) {
  const Machine machine(0.9, kSides);
  Governor governor({.cpu_share = 0.4}, kSides);
  changes_in(governor, machine, 60);
  EXPECT_LE(machine.second(governor.step()).cpu_share, 0.4);
  EXPECT_NE(governor.reason(), "");
  EXPECT_LE(changes_in(governor, machine, 600), 6) << "it goes back and forth";
}

TEST(Governor, ReachesTheWantedRate) {
  const Machine machine(3, kSides);
  Governor governor({.target_fps = 20}, kSides);
  changes_in(governor, machine, 60);
  EXPECT_GE(machine.second(governor.step()).fps, 20);
}

TEST(Governor, TakesMoreWhenThereIsRoom) {
  Machine machine(2, kSides);
  Governor governor({.cpu_share = 0.5}, kSides);
  changes_in(governor, machine, 60);
  const auto before = governor.step();
  machine.cost_ = 0.1;
  changes_in(governor, machine, 300);
  EXPECT_NE(governor.step(), before);
  EXPECT_EQ(governor.step(), Governor::Step{});
}

TEST(Governor, SmallObjectsKeepTheirSize) {
  Machine machine(0.9, kSides);
  machine.smallest_ = 18;
  Governor governor({.cpu_share = 0.3}, kSides);
  changes_in(governor, machine, 120);
  EXPECT_EQ(governor.step().size, 0U);
  EXPECT_GT(governor.step().skip, 0);
}

TEST(Governor, DoesWhatItCanWhereNothingHelps) {
  const Machine machine(50, kSides);
  Governor governor({.target_fps = 25}, kSides);
  changes_in(governor, machine, 120);
  EXPECT_EQ(governor.step(), (Governor::Step{2, 4}));
  EXPECT_EQ(changes_in(governor, machine, 60), 0);
}

}  // namespace
}  // namespace octet
