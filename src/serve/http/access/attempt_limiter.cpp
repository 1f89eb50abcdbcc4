#include "serve/http/access/attempt_limiter.h"

#include <algorithm>

namespace octet {

using std::chrono::seconds;

// Every failure moves the moment at which all are forgotten by kEvery: the generic cell rate
// algorithm (ITU-T I.371).
seconds AttemptLimiter::wait(const ClientAddress& from, Time now) const {
  const auto at = forgotten_.find(from);
  if (at == forgotten_.end()) return seconds(0);
  const auto left = at->second - now - (kInARow - 1) * kEvery;
  return std::max(seconds(0), std::chrono::ceil<seconds>(left));
}

void AttemptLimiter::failed(const ClientAddress& from, Time now) {
  if (!forgotten_.contains(from) && forgotten_.size() >= kAddresses) make_room(now);
  Time& forgotten = forgotten_[from];
  forgotten = std::max(forgotten, now) + kEvery;
}

void AttemptLimiter::make_room(Time now) {
  std::erase_if(forgotten_, [&](const auto& entry) { return entry.second <= now; });
  if (forgotten_.size() < kAddresses) return;
  const auto by_time = [](const auto& a, const auto& b) { return a.second < b.second; };
  forgotten_.erase(std::min_element(forgotten_.begin(), forgotten_.end(), by_time));
}

}  // namespace octet
