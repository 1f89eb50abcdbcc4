// Functions of single values.
#pragma once

#include <string_view>

#include "graph/ops/operator.h"

namespace octet {

enum class ActivationKind { kSilu, kRelu, kRelu6, kHardswish, kSigmoid };

// One row of the table in activation.cpp.
struct ActivationFunction {
  std::string_view name;  // as the model file has it
  double (*value)(double x);
  double (*slope)(double x);  // the derivative; at a kink the one on the flat side
  // Whether engines compute it within the convolution before it: it clamps to [low, high].
  bool fuses_into_conv = false;
  double low = 0, high = 0;
};
[[nodiscard]] const ActivationFunction& function_of(ActivationKind kind);
[[nodiscard]] inline std::string_view activation_name(ActivationKind kind) {
  return function_of(kind).name;
}
// Throws an Error for an unknown name.
[[nodiscard]] ActivationKind parse_activation(std::string_view name);

struct Activation {
  static constexpr OperatorTraits kTraits{.name = "Activation", .channelwise = true};

  ActivationKind kind = ActivationKind::kSilu;

  template <typename Op, typename Visit>
  static void fields(Op& op, Visit&& visit) {
    visit("kind", op.kind);
  }
  [[nodiscard]] static Shape output_shape(const ShapeInputs& in) { return in.only(); }
};

}  // namespace octet
