// Scalings of channels: convolutions of one pixel within each channel. They become part of others.
#pragma once

#include "format/import/graph_editor.h"

namespace octet {

[[nodiscard]] bool is_scaling(const Node& node);
// What a BatchNorm does, as a scaling.
[[nodiscard]] Conv2d scaling_of(const BatchNorm& norm);

// A BatchNorm that is not alone behind a convolution becomes a scaling.
void replace_lone_batch_norms(GraphEditor& graph);

// Folds each scaling into the convolution before it, else into those behind it, where that computes
// the same. One at the input that shifts the image, before a convolution with padding, needs to know
// the pixels of the image. They get a channel of ones, which is zero in the padding.
void fold_scalings(GraphEditor& graph);

}  // namespace octet
