#include "quant/histogram.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

constexpr size_t kBins = 4096;  // half of them below zero
constexpr float kZeroBin = 2048;
static_assert(kBins == 2 * static_cast<size_t>(kZeroBin));
constexpr double kFirstWidth = 1e-4;
constexpr double kTail = 1e-5;
constexpr int kShares = 60;  // candidates for each limit, as shares of the extent
constexpr double kLeastShare = 0.2;
constexpr size_t kLevels = 256;

}  // namespace

std::string_view range_method_name(RangeMethod method) {
  switch (method) {
    case RangeMethod::kMinMax:
      return "min-max";
    case RangeMethod::kPercentile:
      return "percentile";
    case RangeMethod::kSquaredError:
      return "squared error";
    case RangeMethod::kEntropy:
      return "entropy";
  }
  return "?";
}

void Histogram::widen() {
  std::vector<double> merged(kBins, 0.0);
  for (size_t i = 0; i < kBins; ++i) merged[kBins / 4 + i / 2] += bins_[i];
  bins_ = std::move(merged);
  width_ *= 2;
}

double Histogram::centre(size_t bin) const {
  return (static_cast<double>(bin) - kZeroBin + 0.5) * width_;
}

void Histogram::add(std::span<const float> values) {
  if (values.empty()) return;
  if (bins_.empty()) {
    bins_.assign(kBins, 0.0);
    width_ = kFirstWidth;
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  low_ = std::min(low_, static_cast<double>(*least));
  high_ = std::max(high_, static_cast<double>(*most));
  while (std::max(-low_, high_) >= width_ * (kZeroBin - 1)) widen();
  const auto scale = static_cast<float>(1 / width_);
  std::vector<uint32_t> counts(kBins, 0);
  for (const float v : values) ++counts[static_cast<size_t>(v * scale + kZeroBin)];
  for (size_t i = 0; i < kBins; ++i) bins_[i] += counts[i];
  count_ += static_cast<int64_t>(values.size());
}

ValueRange Histogram::range(RangeMethod method) const {
  if (count_ == 0) return {};
  switch (method) {
    case RangeMethod::kMinMax:
      return extent();
    case RangeMethod::kPercentile:
      return percentile(kTail);
    case RangeMethod::kSquaredError:
      return search([this](ValueRange r) { return squared_error(r); });
    case RangeMethod::kEntropy:
      return search([this](ValueRange r) { return divergence(r); });
  }
  return extent();
}

ValueRange Histogram::percentile(double tail) const {
  const double least = tail * static_cast<double>(count_);
  size_t first = 0;
  double below = bins_[first];
  while (below <= least) below += bins_[++first];
  size_t last = kBins - 1;
  double above = bins_[last];
  while (above <= least) above += bins_[--last];
  return {std::max(low_, std::min(0.0, centre(first) - width_ / 2)),
          std::min(high_, std::max(0.0, centre(last) + width_ / 2))};
}

// The best shares of both limits, one after the other, twice.
template <typename Cost>
ValueRange Histogram::search(Cost&& cost) const {
  ValueRange best = extent();
  double least = cost(best);
  for (int round = 0; round < 2; ++round) {
    for (const bool upper : {true, false}) {
      const ValueRange fixed = best;
      for (int i = 0; i < kShares; ++i) {
        const double share = kLeastShare + (1 - kLeastShare) * i / (kShares - 1);
        const ValueRange candidate =
            upper ? ValueRange{fixed.low, high_ * share} : ValueRange{low_ * share, fixed.high};
        const double now = cost(candidate);
        if (now >= least) continue;
        least = now;
        best = candidate;
      }
    }
  }
  return best;
}

double Histogram::squared_error(ValueRange range) const {
  const double step = std::max((range.high - range.low) / (kLevels - 1), 1e-12);
  double sum = 0;
  for (size_t i = 0; i < kBins; ++i) {
    if (bins_[i] == 0) continue;
    const double x = centre(i);
    const double beyond = std::max({0.0, x - range.high, range.low - x});
    // Within the range the error is uniform over a step, unless the bins are coarser than it.
    sum += bins_[i] * (beyond > 0 ? beyond * beyond : step * step / 12);
  }
  return sum;
}

double Histogram::divergence(ValueRange range) const {
  const double step = std::max((range.high - range.low) / (kLevels - 1), 1e-12);
  std::vector<double> level(kLevels, 0.0);
  std::vector<double> filled(kLevels, 0.0);
  const auto level_of = [&](size_t bin) {
    const double q = std::nearbyint((centre(bin) - range.low) / step);
    return static_cast<size_t>(std::clamp(q, 0.0, kLevels - 1.0));
  };
  for (size_t i = 0; i < kBins; ++i) {
    if (bins_[i] == 0) continue;
    level[level_of(i)] += bins_[i];
    // What is clamped keeps its mass in the original, but only bins within the range can hold it.
    if (centre(i) >= range.low - step && centre(i) <= range.high + step) filled[level_of(i)] += 1;
  }
  double sum = 0;
  for (size_t i = 0; i < kBins; ++i) {
    if (bins_[i] == 0) continue;
    const size_t l = level_of(i);
    const bool inside = centre(i) >= range.low - step && centre(i) <= range.high + step;
    const double p = bins_[i] / static_cast<double>(count_);
    const double q = inside && filled[l] > 0 ? level[l] / filled[l] / static_cast<double>(count_)
                                             : 1e-3 / static_cast<double>(count_);
    sum += p * std::log(p / q);
  }
  return sum;
}

}  // namespace octet
