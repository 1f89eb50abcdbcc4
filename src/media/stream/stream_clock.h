// Times of a stream's packets and pictures.
#pragma once

#include <chrono>
#include <optional>

namespace octet {

// When a picture is shown: by the stream's own times. Where it states none, or they stand still, go
// back or leap, the times at which pictures came in fill the gap.
class StreamClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Between two pictures there are at most so many seconds.
  explicit StreamClock(double longest_seconds) : longest_seconds_(longest_seconds) {}

  // Of the next picture; `stated` as the stream counts. Seconds from the first picture on, which never
  // fall.
  [[nodiscard]] double see(std::optional<double> stated, TimePoint arrived);

 private:
  double longest_seconds_;
  std::optional<double> stated_;  // of the picture before
  std::optional<TimePoint> arrived_;
  double seconds_ = 0;
};

// When packets came in that FFmpeg read before it handed out the first, to learn what the stream is.
// While it did, packets came at the pace of their times, or all at once.
class ProbedPackets {
 public:
  using TimePoint = StreamClock::TimePoint;

  ProbedPackets(TimePoint began, TimePoint ended) : began_(began), ended_(ended) {}

  // Of the next packet, which is handed out now.
  [[nodiscard]] TimePoint arrival(std::optional<double> stated, TimePoint now);

 private:
  TimePoint began_, ended_;
  std::optional<double> first_;  // stated of the first packet
  bool over_ = false;            // what comes now was read after that
};

}  // namespace octet
