// The branches of a Graph that look at a finer grid than any output, and come back by a Concat. They are
// left when the detection scale of the smallest objects is removed: its layers at the fine grid then
// only feed the next scale. No node of a branch is needed elsewhere.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

struct Branch {
  std::string join;                // the Concat, which only convolutions without groups read
  std::string output;              // its input that goes
  std::vector<std::string> nodes;  // that go with it
};

// All branches, in the order of their Concats.
[[nodiscard]] std::vector<Branch> find_branches(const Graph& graph);

}  // namespace octet
