// Rewrites of a Graph. model/passes.h has the list of all passes, with their names.
#pragma once

#include "graph/graph.h"

namespace octet {

// Folds every BatchNorm into the convolution before it: w' = w · gamma / √(variance + epsilon), b'
// = beta + (b − mean) · gamma / √(…). A BatchNorm whose convolution is used elsewhere too, or that
// follows something else, is an error. The graph computes the same.
[[nodiscard]] Graph fold_batch_norm(Graph graph);

// One convolution, with a bias, that computes what both do.
[[nodiscard]] Conv2d fold(Conv2d conv, const BatchNorm& norm);

// Puts a BatchNorm that changes nothing after every convolution that an activation follows and
// that has none. The convolution's bias moves into its beta. The graph computes the same.
[[nodiscard]] Graph insert_batch_norm(Graph graph);

// Puts another activation in the place of every SiLU.
[[nodiscard]] Graph replace_activation(Graph graph, ActivationKind kind);

}  // namespace octet
