// Makes an imported graph as small as a hand-written one.
#pragma once

#include "graph/graph.h"

namespace octet {

// Returns a graph that computes the same. A scaling of channels becomes part of the convolution
// before or behind it, also at the input, where zeros around the image stay what they were. Zeros
// around an image become the padding of the convolutions that read it, and the lowest of all numbers
// that of MaxPools. SiLU and HardSwish are found in their parts. A BatchNorm stays behind a
// convolution, and is a scaling elsewhere. Throws an Error that names other pixels of such numbers.
[[nodiscard]] Graph simplify(Graph graph);

}  // namespace octet
