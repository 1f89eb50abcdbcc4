// Computes a quantized network in integers, naively (quant/reference/operators.h). It defines the
// right result of an int8 model: engines and exports are compared with it.
//
//   const IntegerReference reference(model);
//   const auto values = reference.run(bytes, {640, 640});  // by name of the value
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
  // All values of `model` have to be quantized. Throws an Error that names the first float one. The
  // model has to outlive this object.
  explicit IntegerReference(const Model& model);

  // `image`: RGB bytes (H, W, 3). Returns every value of the graph by its name. A node
  // with a fused activation has no value of its own.
  [[nodiscard]] std::map<std::string, IntegerTensor> run(std::span<const uint8_t> image,
                                                         Size size) const;

  // Computes one node on given inputs. For a fused activation the node is the activation, and the
  // inputs are those of the node that computes it. Throws when stop_requested().
  [[nodiscard]] IntegerTensor run_node(const Node& node, IntegerInputs inputs) const;

  // Whether the node is computed within the activation after it.
  [[nodiscard]] bool is_fused(const Node& node) const {
    return topology_.fused_activation(node) != nullptr;
  }
  // The names of the inputs that run_node() needs for this node.
  [[nodiscard]] std::vector<std::string> inputs_of(const Node& node) const;

 private:
  [[nodiscard]] IntegerNode details_of(const Node& node, const QuantParams& out) const;

  const Model& model_;
  Topology topology_;
  std::vector<Step> steps_;  // without fused convolutions
};

[[nodiscard]] IntegerTensor image_tensor(std::span<const uint8_t> image, Size size);

}  // namespace octet
