#include "graph/ops/elementwise/activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace octet {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double sigmoid_slope(double x) { return sigmoid(x) * (1 - sigmoid(x)); }

double silu(double x) { return x * sigmoid(x); }
double silu_slope(double x) { return sigmoid(x) + x * sigmoid_slope(x); }

double relu(double x) { return std::max(x, 0.0); }
double relu_slope(double x) { return x > 0 ? 1 : 0; }

double relu6(double x) { return std::clamp(x, 0.0, 6.0); }
double relu6_slope(double x) { return x > 0 && x < 6 ? 1 : 0; }

// Howard et al., "Searching for MobileNetV3", 2019.
double hardswish(double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }
double hardswish_slope(double x) { return x <= -3 ? 0.0 : x >= 3 ? 1.0 : (2 * x + 3) / 6; }

// In the order of ActivationKind.
constexpr std::array kFunctions = {
    ActivationFunction{"silu", silu, silu_slope},
    ActivationFunction{"relu", relu, relu_slope, true, 0, kNoLimit},
    ActivationFunction{"relu6", relu6, relu6_slope, true, 0, 6},
    ActivationFunction{"hardswish", hardswish, hardswish_slope},
    ActivationFunction{"sigmoid", sigmoid, sigmoid_slope},
};

}  // namespace

const ActivationFunction& function_of(ActivationKind kind) {
  return kFunctions.at(static_cast<size_t>(kind));
}

ActivationKind parse_activation(std::string_view name) {
  const auto* const found =
      std::find_if(kFunctions.begin(), kFunctions.end(),
                   [&](const ActivationFunction& f) { return f.name == name; });
  if (found == kFunctions.end()) fail("unknown activation '{}'", name);
  return static_cast<ActivationKind>(found - kFunctions.begin());
}

}  // namespace octet
