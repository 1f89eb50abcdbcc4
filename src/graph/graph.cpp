#include "graph/graph.h"

#include <algorithm>

namespace octet {

const Node* Graph::find(std::string_view name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

}  // namespace octet
