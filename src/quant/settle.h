// Engines round what lies between two steps differently: some add the zero point before they round,
// TensorFlow Lite's own kernels round twice. But SiLU's products, its sigmoids, and the summand
// that an Add has to scale take 256 values each, all known: scales that move by a fraction of a
// percent keep every one of them away from where engines differ. (What is left are accumulators.)
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"
#include "quant/placement.h"

namespace octet {

// Moves scales to the nearest with 16 significant bits for which all engines give the same
// integers; where there is none within 1.6 %, to the one with the fewest that differ. Zero points
// stay. `groups` are the parameters of placement.groups.
void settle_scales(const Graph& graph, const Placement& placement,
                   std::vector<QuantParams>& groups);

}  // namespace octet
