// Rewrites of a Graph, each with a name; the evaluated function stays the same.
#pragma once

#include "graph/graph.h"

namespace octet {

// Folds every BatchNorm into the convolution before it: w' = w · gamma / √(variance + epsilon), b'
// = beta + (b − mean) · gamma / √(…). A BatchNorm whose convolution is used elsewhere too, or that
// follows something else, is an error: YOLOv8 has none.
[[nodiscard]] Graph fold_batch_norm(Graph graph);

}  // namespace octet
