// The yardstick: a quantized network computed in integers, naively (quant/reference/operators.h).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/size.h"
#include "graph/topology.h"
#include "graph/walk.h"
#include "model/model.h"
#include "quant/reference/operators.h"

namespace octet {

class IntegerReference {
 public:
  // A model all of whose values are quantized. Throws an Error naming the first that is not. The
  // model has to outlive this.
  explicit IntegerReference(const Model& model);

  // `image`: RGB bytes (H, W, 3). Every value of the graph by its name; convolutions whose
  // activation is fused have none of their own.
  [[nodiscard]] std::map<std::string, IntegerTensor> run(std::span<const uint8_t> image,
                                                         Size size) const;

  // One node on given inputs. For an activation that is fused, the node is the activation, and the
  // input its convolution's. Throws when stop_requested().
  [[nodiscard]] IntegerTensor run_node(const Node& node, IntegerInputs inputs) const;

  // Whether the node is computed within the activation after it.
  [[nodiscard]] bool is_fused(const Node& node) const {
    return topology_.fused_activation(node) != nullptr;
  }
  // The values that run_node() wants for this node.
  [[nodiscard]] std::vector<std::string> inputs_of(const Node& node) const;

 private:
  [[nodiscard]] IntegerNode details_of(const Node& node, const QuantParams& out) const;

  const Model& model_;
  Topology topology_;
  std::vector<Step> steps_;  // without fused convolutions
};

[[nodiscard]] IntegerTensor image_tensor(std::span<const uint8_t> image, Size size);

}  // namespace octet
