#include "media/stream/stream_clock.h"

#include <algorithm>
#include <utility>

namespace octet {

double StreamClock::see(std::optional<double> stated, TimePoint arrived) {
  const std::optional<double> stated_before = std::exchange(stated_, stated);
  const std::optional<TimePoint> arrived_before = std::exchange(arrived_, arrived);
  if (!arrived_before) return seconds_;
  const double step = stated && stated_before ? *stated - *stated_before : 0;
  const double waited = std::chrono::duration<double>(arrived - *arrived_before).count();
  seconds_ += step > 0 && step <= longest_seconds_ ? step : std::max(waited, 0.0);
  return seconds_;
}

ProbedPackets::TimePoint ProbedPackets::arrival(std::optional<double> stated, TimePoint now) {
  if (over_) return now;
  if (stated && !first_) first_ = stated;
  const std::chrono::duration<double> since_first(stated ? *stated - *first_ : -1);
  over_ = since_first.count() < 0 || since_first >= ended_ - began_;
  return over_ ? now : began_ + std::chrono::duration_cast<TimePoint::duration>(since_first);
}

}  // namespace octet
