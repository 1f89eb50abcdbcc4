// The yardstick: a quantized network computed in integers, naively. Accumulators are int32; each is
// scaled in float32, as the integer kernels of XNNPACK and ONNX Runtime do it, rounded half to
// even, moved by the zero point and clamped.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/size.h"
#include "model/model.h"

namespace octet {

struct IntegerTensor {
  Shape shape;  // (C, H, W)
  QuantParams params;
  std::vector<int8_t> values;

  [[nodiscard]] std::vector<float> real() const;
};

class IntegerReference {
 public:
  // A model all of whose values are quantized. Throws an Error naming the first that is not. The
  // model has to outlive this.
  explicit IntegerReference(const Model& model);

  // `picture`: RGB bytes (H, W, 3). Every value of the graph by its name; convolutions whose
  // activation is fused have none of their own.
  [[nodiscard]] std::map<std::string, IntegerTensor> run(std::span<const uint8_t> picture,
                                                         Size size) const;

  // One node on given inputs. For an activation that is fused, the node is the activation, and the
  // input its convolution's.
  [[nodiscard]] IntegerTensor run_node(const Node& node,
                                       const std::vector<const IntegerTensor*>& inputs) const;

  // Whether the node is computed within the activation after it.
  [[nodiscard]] bool is_fused(const Node& node) const;
  // The values that run_node() wants for this node.
  [[nodiscard]] std::vector<std::string> inputs_of(const Node& node) const;

 private:
  [[nodiscard]] IntegerTensor conv(const Node& node, const IntegerTensor& x,
                                   const QuantParams& out) const;
  [[nodiscard]] const Node* fused_conv(const Node& activation) const;

  const Model& model_;
};

// What an activation makes of each of the 256 values of its input, from −128 on.
[[nodiscard]] std::array<int8_t, 256> activation_table(const QuantParams& in, ActivationKind kind,
                                                       const QuantParams& out);

[[nodiscard]] IntegerTensor image_tensor(std::span<const uint8_t> picture, Size size);

}  // namespace octet
