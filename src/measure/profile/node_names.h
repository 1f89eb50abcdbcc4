// Finds the node of a model by the name that an engine gives to what it made of it.
//
//   NodeNames names(model);
//   names.find("model.2.cv1.conv.conv/WithoutBiases");  // "model.2.cv1.conv"
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "model/model.h"

namespace octet {

class NodeNames {
 public:
  NodeNames() = default;  // of no model: finds nothing
  explicit NodeNames(const Model& model);

  // Exporters and engines add to the names of nodes, behind a character that is no letter. Empty:
  // it is none of the model.
  [[nodiscard]] std::string find(const std::string& name) const;
  // The first node, in the order of the graph, of which the layer computes something.
  [[nodiscard]] std::string find(const LayerTime& layer) const;

 private:
  std::map<std::string, size_t> places_;        // nodes, and their places in the graph
  std::map<std::string, std::string> outputs_;  // nodes by the names of the outputs of files
};

// The block of a node: a convolution and its activation have the same, "model.2.cv1".
[[nodiscard]] std::string block_of(const std::string& node);

}  // namespace octet
