// A graph under construction, node by node. Shapes are checked as nodes are added.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/model.h"

namespace octet {

class NetworkBuilder {
 public:
  // `graph` has to outlive this.
  explicit NetworkBuilder(Graph& graph);

  // Adds a node and returns the name of its value. Throws an Error that names the node when its
  // inputs do not fit.
  std::string add(const std::string& name, Operator op, std::vector<std::string> inputs);

  [[nodiscard]] int channels(const std::string& value) const;

 private:
  Graph& graph_;
  std::map<std::string, Shape> shapes_;  // for an input of 640×640
};

}  // namespace octet
