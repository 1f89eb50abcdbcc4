#include "media/stream/stream_clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet {
namespace {

using std::chrono::milliseconds;
using TimePoint = StreamClock::TimePoint;

constexpr TimePoint kStart{std::chrono::hours(1)};

struct Seen {
  std::optional<double> stated;
  int arrived_ms;
  double expected;
};

void expect_times(StreamClock clock, const std::vector<Seen>& pictures) {
  for (const Seen& p : pictures)
    EXPECT_NEAR(clock.see(p.stated, kStart + milliseconds(p.arrived_ms)), p.expected, 1e-9)
        << p.arrived_ms << " ms";
}

TEST(StreamClock, TakesWhatTheStreamStates) {
  expect_times(StreamClock(10), {{7000.5, 0, 0}, {7000.54, 3, 0.04}, {7002.5, 4, 2}});
}

TEST(StreamClock, WithoutTimesPicturesAreShownAsTheyCome) {
  expect_times(StreamClock(10), {{{}, 0, 0}, {{}, 200, 0.2}, {{}, 190, 0.2}, {{}, 400, 0.41}});
}

TEST(StreamClock, LeapsAreFilledByTheArrival) {
  expect_times(StreamClock(10), {{5, 0, 0},
                                 {5, 40, 0.04},      // stands still
                                 {3, 80, 0.08},      // goes back
                                 {3.04, 120, 0.12},  // goes on from there
                                 {1e9, 160, 0.16},   // leaps
                                 {{}, 200, 0.20},    // says nothing
                                 {1e9, 240, 0.24},   // again
                                 {1e9 + 1, 250, 1.24}});
}

TEST(ProbedPackets, CameInWhileTheStreamWasLookedAt) {
  ProbedPackets packets(kStart, kStart + milliseconds(500));
  const TimePoint now = kStart + milliseconds(510);
  EXPECT_EQ(packets.arrival(30, now), kStart);
  EXPECT_EQ(packets.arrival(30.25, now), kStart + milliseconds(250));
  EXPECT_EQ(packets.arrival(30.5, now), now);
  EXPECT_EQ(packets.arrival(30.25, now), now) << "that is over";
}

TEST(ProbedPackets, WithoutTimesCameInNow) {
  ProbedPackets packets(kStart, kStart + milliseconds(500));
  EXPECT_EQ(packets.arrival({}, kStart + milliseconds(510)), kStart + milliseconds(510));
  EXPECT_EQ(packets.arrival(1, kStart + milliseconds(520)), kStart + milliseconds(520));
}

}  // namespace
}  // namespace octet
