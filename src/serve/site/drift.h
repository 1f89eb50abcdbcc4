// Tells when a camera looks other than it did, and stays so. The usual look is learned once. Pure
// logic, one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "serve/site/appearance.h"

namespace octet {

inline constexpr double kSampleSeconds = 2;  // between two pictures that are measured
inline constexpr int kWindowSamples = 30;    // a minute

// The usual look: means over windows of a minute, and how far they lay apart.
struct UsualLook {
  Appearance mean{}, spread{};
  bool operator==(const UsualLook&) const = default;
};

// A change that lasted, in words: "darker: the brightness is 41 % of the usual one".
struct Change {
  Measure measure = Measure::kBrightness;
  double usual = 0, now = 0;
  [[nodiscard]] std::string text() const;
};

class Drift {
 public:
  // Without a usual look, the first minutes give one.
  explicit Drift(std::optional<UsualLook> usual = {});

  // Adds a sample, one every kSampleSeconds. Returns whether changes() are others than before. A
  // measure that has no value in the first minutes, such as the confidence where no object is seen,
  // is learned later.
  bool add(const Appearance& sample);
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] const std::optional<UsualLook>& usual() const { return usual_; }

 private:
  struct Sums {
    Appearance sum{};
    std::array<int, kMeasures> count{};
  };
  [[nodiscard]] bool learn(const Appearance& window);
  bool compare(const Appearance& window);

  std::optional<UsualLook> usual_;
  Sums sums_;
  int samples_ = 0;                                     // of the window that is being filled
  std::array<std::vector<double>, kMeasures> learned_;  // of the first windows with a value
  std::array<int, kMeasures> windows_off_{};  // in a row that differ; negative: that do not
  std::vector<Change> changes_;
};

}  // namespace octet
