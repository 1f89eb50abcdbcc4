// Rewrites of a Graph. model/passes.h has the list of all passes, with their names.
#pragma once

#include <span>
#include <string>

#include "graph/channels.h"
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

// Replaces every transposed convolution by a convolution, whose channels become the pixels of a
// larger image (DepthToSpace, Crop). Each kernel position is multiplied once, as before. An
// activation behind it moves to the convolution. The result computes the same values.
[[nodiscard]] Graph split_transposed(Graph graph);

// Replaces every SiLU by another activation.
[[nodiscard]] Graph replace_activation(Graph graph, ActivationKind kind);
[[nodiscard]] bool has_silu(const Graph& graph);

// Removes groups of channels of this graph (graph/channels.h). Where no weight reads them, the
// result computes the same outputs. Throws an Error that names the node that would keep no channel.
[[nodiscard]] Graph remove_channels(Graph graph, std::span<const ChannelGroup> groups);

// Removes a share of the channels of the first convolution, those with the least weights reading
// them. One channel stays in any case. Throws an Error for a share that is not within 0 and 1, and
// for channels that have to stay.
[[nodiscard]] Graph narrow_stem(Graph graph, double share);

// Removes the block with this output (graph/blocks.h), which is named after the block's last node:
// its input takes its place. A Concat of both loses the output's part. With a shortcut the weights
// that read that part move to the input's part. Throws an Error where there is no such block.
[[nodiscard]] Graph remove_block(Graph graph, const std::string& output);

// Removes the branch with this output (graph/branches.h) from its Concat. The other outputs stay as
// they are where no weight reads it. Throws an Error where there is no such branch.
[[nodiscard]] Graph remove_branch(Graph graph, const std::string& output);

// Removes the nodes that no output depends on.
[[nodiscard]] Graph remove_unused_nodes(Graph graph);

}  // namespace octet
