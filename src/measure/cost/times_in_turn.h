// Two times that are measured in turn, so that what else the machine does spoils both alike.
#pragma once

#include <functional>

namespace octet {

struct TimePair {
  double first = 0, second = 0;
};

// Measures three times in turn. `first` is the median of its times, and `second` follows from the
// median of the ratios.
[[nodiscard]] TimePair times_in_turn(const std::function<double()>& first,
                                     const std::function<double()>& second);

}  // namespace octet
