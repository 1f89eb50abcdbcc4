// What can be set, on the command line, in the file and from the page.
#pragma once

#include <fmt/format.h>

#include <string>

namespace octet {

struct Range {
  double least = 0, most = 0;

  [[nodiscard]] bool holds(double value) const { return value >= least && value <= most; }
};

// What is said of a value outside.
inline std::string expectation(Range range) {
  return fmt::format("a number from {} to {} is expected", range.least, range.most);
}

inline constexpr Range kShareRange{0, 1};          // confidence and IoU
inline constexpr Range kMaxAgeRange{0, 3.6e6};     // milliseconds
inline constexpr Range kPatienceRange{0.1, 3600};  // seconds
inline constexpr Range kSkipRange{0, 999};         // frames
inline constexpr Range kRateRange{0, 1000};        // results a second
inline constexpr Range kPercentRange{0, 100};
inline constexpr Range kMegabytesRange{0, 1e6};
inline constexpr Range kMinutesRange{0, 1e6};

}  // namespace octet
