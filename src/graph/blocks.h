// The blocks of a Graph that can be taken out, so that their input takes the place of their output.
// A block computes f(x), of the height and width of x, and f has a convolution. Nobody else reads its
// inner values. There are two kinds:
// - With a shortcut, Add(x, f(x)). Its removal changes no output where f gives zeros.
// - Without one, where a Concat that convolutions read has both x and f(x). Its removal changes no
//   output where f gives zeros, and only such Concats read them: at the end of a chain. Elsewhere
//   f(x) has to have as many channels as x.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

struct Block {
  std::string input, output;       // values
  bool shortcut = false;           // the output is the sum of the input and the branch
  std::vector<std::string> nodes;  // of the branch, and the Add
};

// All blocks, in the order of their outputs. A block may lie within another.
[[nodiscard]] std::vector<Block> find_blocks(const Graph& graph);

}  // namespace octet
