// Times that an engine cuts to whole microseconds.
#pragma once

namespace octet {

// The likeliest time in seconds behind one that was cut to whole microseconds so many times. Each
// cut takes half a microsecond in the mean.
[[nodiscard]] constexpr double seconds_before_cuts(double microseconds, int cuts = 1) {
  return 1e-6 * (microseconds + 0.5 * cuts);
}

}  // namespace octet
