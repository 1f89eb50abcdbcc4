#include "serve/site/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace octet {
namespace {

constexpr size_t kLearned = 3;     // windows
constexpr int kLasting = 2;        // windows in a row until a change counts, and until it is over
constexpr double kDeviations = 6;  // of the usual windows
constexpr int kFewestValues = 10;  // of a window, for its mean to count

// What differs by less is no change, however steady the picture is.
struct Bound {
  double ratio = 1;  // up or down
  double difference = 0;
};
constexpr std::array<Bound, kMeasures> kBounds{{{.ratio = 1.35, .difference = 12},
                                                {.ratio = 1.4, .difference = 6},
                                                {.ratio = 1.4, .difference = 0.02},
                                                {.ratio = 1, .difference = 8},
                                                {.ratio = 1, .difference = 8},
                                                {.ratio = 1.2, .difference = 0.1}}};

const Appearance kNothing{NAN, NAN, NAN, NAN, NAN, NAN};

bool differs(Measure measure, double usual, double spread, double now) {
  const Bound& bound = kBounds[static_cast<size_t>(measure)];
  const double off = std::abs(now - usual);
  if (off < std::max(bound.difference, kDeviations * spread)) return false;
  return bound.ratio == 1 || now > usual * bound.ratio || now * bound.ratio < usual;
}

}  // namespace

std::string Change::text() const {
  const bool more = now > usual;
  const std::string share =
      usual < 1 ? "" : fmt::format(": {:.0f} % of the usual brightness", 100 * now / usual);
  switch (measure) {
    case Measure::kBrightness:
      return (more ? "brighter" : "darker") + share;
    case Measure::kContrast:
      return more ? "more contrast than usual" : "less contrast than usual";
    case Measure::kSharpness:
      return more ? "sharper than usual" : "blurred";
    case Measure::kBlue:
      return more ? "bluer than usual" : "yellower than usual";
    case Measure::kRed:
      return more ? "redder than usual" : "greener than usual";
    case Measure::kConfidence:
      return fmt::format("detections are {} certain: {:.2f} in the mean, usually {:.2f}",
                         more ? "more" : "less", now, usual);
  }
  return "";
}

Drift::Drift(std::optional<UsualLook> usual) : usual_(usual) {}

bool Drift::add(const Appearance& sample) {
  for (size_t m = 0; m < kMeasures; ++m) {
    if (std::isnan(sample[m])) continue;
    sums_.sum[m] += sample[m];
    ++sums_.count[m];
  }
  if (++samples_ < kWindowSamples) return false;
  Appearance window{};
  for (size_t m = 0; m < kMeasures; ++m)
    window[m] = sums_.count[m] < kFewestValues ? NAN : sums_.sum[m] / sums_.count[m];
  samples_ = 0;
  sums_ = {};
  const bool learned = learn(window);
  return usual_ && !learned && compare(window);
}

// Returns whether the window was needed to learn a measure.
bool Drift::learn(const Appearance& window) {
  UsualLook look = usual_.value_or(UsualLook{.mean = kNothing, .spread = {}});
  bool learned = false;
  for (size_t m = 0; m < kMeasures; ++m) {
    if (!std::isnan(look.mean[m]) || std::isnan(window[m])) continue;
    std::vector<double>& seen = learned_[m];
    seen.push_back(window[m]);
    learned = true;
    if (seen.size() < kLearned) continue;
    const auto [low, high] = std::minmax_element(seen.begin(), seen.end());
    look.mean[m] = std::accumulate(seen.begin(), seen.end(), 0.0) / kLearned;
    look.spread[m] = (*high - *low) / 2;
  }
  if (!std::isnan(look.mean[0])) usual_ = look;
  return learned;
}

// A window without a value says nothing of that measure.
bool Drift::compare(const Appearance& window) {
  std::vector<Change> changes;
  bool other = false;
  for (size_t m = 0; m < kMeasures; ++m) {
    const auto measure = static_cast<Measure>(m);
    const auto was = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const Change& c) { return c.measure == measure; });
    const bool known = !std::isnan(window[m]) && !std::isnan(usual_->mean[m]);
    const bool off = known && differs(measure, usual_->mean[m], usual_->spread[m], window[m]);
    int& windows = windows_off_[m];
    if (known) windows = off ? std::max(windows, 0) + 1 : std::min(windows, 0) - 1;
    const bool is = was != changes_.end() ? windows > -kLasting : windows >= kLasting;
    other = other || is != (was != changes_.end());
    if (is) changes.push_back(known ? Change{measure, usual_->mean[m], window[m]} : *was);
  }
  changes_ = std::move(changes);
  return other;
}

}  // namespace octet
