#include "serve/site/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

bool differs(Measure measure, double usual, double spread, double now) {
  if (std::isnan(usual) || std::isnan(now)) return false;
  const Bound& bound = kBounds[static_cast<size_t>(measure)];
  const double off = std::abs(now - usual);
  if (off < std::max(bound.difference, kDeviations * spread)) return false;
  return bound.ratio == 1 || now > usual * bound.ratio || now * bound.ratio < usual;
}

}  // namespace

std::string Change::text() const {
  const bool more = now > usual;
  const std::string share = fmt::format("is {:.0f} % of the usual one", 100 * now / usual);
  switch (measure) {
    case Measure::kBrightness:
      return fmt::format("{}: the brightness {}", more ? "brighter" : "darker", share);
    case Measure::kContrast:
      return fmt::format("{} contrast: it {}", more ? "more" : "less", share);
    case Measure::kSharpness:
      return fmt::format("{}: the sharpness {}", more ? "sharper" : "blurred", share);
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
  if (usual_) return compare(window);
  learn(window);
  return false;
}

void Drift::learn(const Appearance& window) {
  learned_.push_back(window);
  if (learned_.size() < kLearned) return;
  UsualLook usual;
  for (size_t m = 0; m < kMeasures; ++m) {
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (const Appearance& w : learned_) {
      low = std::min(low, w[m]);
      high = std::max(high, w[m]);
      sum += w[m];
    }
    usual.mean[m] = sum / kLearned;
    usual.spread[m] = (high - low) / 2;
  }
  usual_ = usual;
  learned_.clear();
}

bool Drift::compare(const Appearance& window) {
  std::vector<Change> changes;
  bool other = false;
  for (size_t m = 0; m < kMeasures; ++m) {
    const auto measure = static_cast<Measure>(m);
    const bool was = std::any_of(changes_.begin(), changes_.end(),
                                 [&](const Change& c) { return c.measure == measure; });
    const bool off = differs(measure, usual_->mean[m], usual_->spread[m], window[m]);
    for_[m] = off ? std::max(for_[m], 0) + 1 : std::min(for_[m], 0) - 1;
    const bool is = was ? for_[m] > -kLasting : for_[m] >= kLasting;
    other = other || is != was;
    if (is) changes.push_back({measure, usual_->mean[m], window[m]});
  }
  changes_ = std::move(changes);
  return other;
}

}  // namespace octet
