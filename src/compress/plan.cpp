#include "compress/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace octet {
namespace {

constexpr double kNothing = 1.02;  // pruning by less is not worth a removal
constexpr double kStep = 0.85;     // of one input to the next
constexpr int kLeastSide = 96;
constexpr size_t kMostInputs = 10;  // that are looked at

int scaled(int side, double factor) {
  const double units = side * factor / kInputMultiple;
  return std::max(1, static_cast<int>(std::lround(units))) * kInputMultiple;
}

// The input of the shape of `whole` whose longer side is `side`.
Size with_side(Size whole, int side) {
  const double factor = 1.0 * side / longer_side(whole);
  return {scaled(whole.width, factor), scaled(whole.height, factor)};
}

// The largest input below `above` that is as fast as wanted, where `enough` is.
Candidate largest_enough(Candidate enough, Size above, double most_s, const TimeOf& time_of,
                         Size whole) {
  for (int side = longer_side(enough.size) + kInputMultiple; side < longer_side(above);
       side += kInputMultiple) {
    const Size size = with_side(whole, side);
    const std::optional<double> seconds = time_of(size);
    if (!seconds || *seconds >= kNothing * most_s) break;
    enough.size = size;
    enough.predicted_s = *seconds;
  }
  return enough;
}

}  // namespace

std::string Candidate::name() const {
  return fmt::format("{}-{}-{:.2f}", activation.empty() ? "same" : activation, to_string(size),
                     pruning);
}

std::string Candidate::text() const {
  std::string text = fmt::format("input {}", to_string(size));
  if (!activation.empty()) text += fmt::format(", activation {}", activation);
  return text + (pruning > 1 ? fmt::format(", pruned by {:.2f}", pruning) : ", not pruned");
}

std::vector<Size> smaller_inputs(Size size, size_t count) {
  std::vector<Size> sizes{size};
  for (double factor = kStep; sizes.size() < count; factor *= kStep) {
    const Size next{scaled(size.width, factor), scaled(size.height, factor)};
    if (std::min(next.width, next.height) < kLeastSide) break;
    if (next != sizes.back()) sizes.push_back(next);
  }
  return sizes;
}

std::vector<Candidate> plan_candidates(double most_s, const TimeOf& time_of,
                                       const PlanOptions& options) {
  std::vector<Candidate> candidates;
  Size above = options.size;
  for (const Size size : smaller_inputs(options.size, kMostInputs)) {
    const Size before = std::exchange(above, size);
    const std::optional<double> whole = time_of(size);
    const double pruning = whole.value_or(0) / most_s;
    if (!whole || pruning > options.most_pruning) continue;
    const bool enough = pruning < kNothing;
    if (!enough && candidates.size() >= options.pruned) continue;
    candidates.push_back({.activation = options.activation,
                          .size = size,
                          .pruning = enough ? 1 : pruning,
                          .predicted_s = enough ? *whole : most_s});
    if (!enough) continue;
    candidates.back() = largest_enough(candidates.back(), before, most_s, time_of, options.size);
    break;  // a smaller input would be faster than needed
  }
  return candidates;
}

std::optional<double> least_time(const TimeOf& time_of, const PlanOptions& options) {
  std::optional<double> least;
  for (const Size size : smaller_inputs(options.size, kMostInputs)) {
    const std::optional<double> whole = time_of(size);
    if (whole) least = std::min(least.value_or(*whole), *whole / options.most_pruning);
  }
  return least;
}

std::string nearest_target(double least_s, double base_s) {
  constexpr double kDigits = 100;
  const double ms = std::ceil(kDigits * 1e3 * least_s) / kDigits;
  return fmt::format("{:.2f} ms, a speedup of {:.2f}", ms,
                     std::floor(kDigits * 1e3 * base_s / ms) / kDigits);
}

}  // namespace octet
