// Functions of single numbers.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/error.h"
#include "format/import/layers.h"

namespace octet {
namespace {

// The limits that values come near to.
ClampRange near_limits(Draft& draft, const std::string& name, ClampRange limits) {
  constexpr double kFar = 1e3;
  constexpr double kUnlimited = 1e30;  // how files write that there is none
  const auto note = [&](double limit) {
    if (std::abs(limit) < kUnlimited)
      draft.note(fmt::format("'{}': its limit {} is left out, since values stay far from it", name,
                             limit));
  };
  if (limits.low <= -kFar) note(std::exchange(limits.low, ClampRange().low));
  if (limits.high >= kFar) note(std::exchange(limits.high, ClampRange().high));
  return limits;
}

}  // namespace

Computed add_activation(Draft& draft, const std::string& name, ActivationKind kind,
                        const Computed& x) {
  return draft.add_like_input(name, Activation{kind}, {x});
}

// 2 · sigmoid(2x) − 1.
Computed add_tanh(Draft& draft, const std::string& name, const Computed& x) {
  const Computed twice = add_affine(draft, name + ".twice", x, uniform(draft, x, 2, 0));
  const Computed bent = add_activation(draft, name + ".sigmoid", ActivationKind::kSigmoid, twice);
  return add_affine(draft, name, bent, uniform(draft, bent, 2, -1));
}

// A ReLU or a ReLU6 between two scalings, which become part of the layers beside them.
Computed add_clip(Draft& draft, const std::string& name, const Computed& x,
                  const ClampRange& limits) {
  constexpr double kSix = 6;
  if (std::isnan(limits.low) || std::isnan(limits.high) || limits.low >= limits.high)
    fail("clips to {}..{}", limits.low, limits.high);
  const auto [low, high] = near_limits(draft, name, limits);
  const auto scaled = [&](const char* suffix, const Computed& v, double scale, double shift) {
    return add_affine(draft, name + suffix, v, uniform(draft, v, scale, shift));
  };
  if (std::isinf(low) && std::isinf(high)) return x;
  if (low == 0 && std::isinf(high)) return add_activation(draft, name, ActivationKind::kRelu, x);
  if (low == 0 && high == kSix) return add_activation(draft, name, ActivationKind::kRelu6, x);
  if (std::isinf(high) || std::isinf(low)) {
    const double sign = std::isinf(high) ? 1 : -1;  // of the side that stays
    const double edge = std::isinf(high) ? low : high;
    const Computed above = scaled(".shifted", x, sign, -sign * edge);
    const Computed kept = add_activation(draft, name + ".relu", ActivationKind::kRelu, above);
    return scaled("", kept, sign, edge);
  }
  const double scale = kSix / (high - low);
  const Computed six = scaled(".scaled", x, scale, -low * scale);
  const Computed kept = add_activation(draft, name + ".relu6", ActivationKind::kRelu6, six);
  return scaled("", kept, 1 / scale, low);
}

Computed add_hard_sigmoid(Draft& draft, const std::string& name, const Computed& x, double slope,
                          double shift) {
  constexpr double kSix = 6;
  const Computed scaled =
      add_affine(draft, name + ".scaled", x, uniform(draft, x, kSix * slope, kSix * shift));
  const Computed kept = add_activation(draft, name + ".relu6", ActivationKind::kRelu6, scaled);
  return add_affine(draft, name, kept, uniform(draft, kept, 1 / kSix, 0));
}

}  // namespace octet
