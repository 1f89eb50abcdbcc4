// Rewrites of a Graph. model/passes.h has the list of all passes, with their names.
#pragma once

#include "graph/graph.h"

namespace octet {

// Folds every BatchNorm into the convolution before it: w' = w · gamma / √(variance + epsilon), b'
// = beta + (b − mean) · gamma / √(…). Throws an Error for a BatchNorm whose convolution has another
// consumer, and for one that does not follow a convolution. The result computes the same values.
[[nodiscard]] Graph fold_batch_norm(Graph graph);

// Returns one convolution with a bias that computes both.
[[nodiscard]] Conv2d fold(Conv2d conv, const BatchNorm& norm);

// Inserts a neutral BatchNorm between a convolution and its activation where there is none. The
// bias of the convolution moves into beta. The result computes the same values.
[[nodiscard]] Graph insert_batch_norm(Graph graph);

// Replaces every SiLU by another activation.
[[nodiscard]] Graph replace_activation(Graph graph, ActivationKind kind);

}  // namespace octet
