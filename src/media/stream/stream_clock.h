// The times of a stream's packets and images.
#pragma once

#include <chrono>
#include <optional>

namespace octet {

// The presentation times of images, by the stream's own times. Times of arrival fill the gap where
// the stream has none, or where its times stand still, go back or leap.
class StreamClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Between two pictures there are at most so many seconds.
  explicit StreamClock(double longest_seconds) : longest_seconds_(longest_seconds) {}

  // Returns the time of the next image, in seconds from the first one on. It never falls. `stated`
  // is the stream's own time.
  [[nodiscard]] double see(std::optional<double> stated, TimePoint arrived);

 private:
  double longest_seconds_;
  std::optional<double> stated_;  // of the picture before
  std::optional<TimePoint> arrived_;
  double seconds_ = 0;
};

// The times of arrival of the packets that FFmpeg reads to learn the format of a stream, before it
// gives out the first. These packets came at the pace of their times, or all at once.
class ProbedPackets {
 public:
  using TimePoint = StreamClock::TimePoint;

  ProbedPackets(TimePoint began, TimePoint ended) : began_(began), ended_(ended) {}

  // Returns the time of arrival of the next packet, which FFmpeg gives out at `now`.
  [[nodiscard]] TimePoint arrival(std::optional<double> stated, TimePoint now);

 private:
  TimePoint began_, ended_;
  std::optional<double> first_;  // stated of the first packet
  bool over_ = false;            // what comes now was read after that
};

}  // namespace octet
