// The list of all operators, and the functions that work for each of them.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "graph/ops/convolution/batch_norm.h"
#include "graph/ops/convolution/conv2d.h"
#include "graph/ops/convolution/transposed_conv2d.h"
#include "graph/ops/elementwise/activation.h"
#include "graph/ops/elementwise/add.h"
#include "graph/ops/elementwise/mul.h"
#include "graph/ops/elementwise/prelu.h"
#include "graph/ops/pooling/avg_pool.h"
#include "graph/ops/pooling/global_avg_pool.h"
#include "graph/ops/pooling/max_pool.h"
#include "graph/ops/shape/channel_shuffle.h"
#include "graph/ops/shape/concat.h"
#include "graph/ops/shape/crop.h"
#include "graph/ops/shape/depth_to_space.h"
#include "graph/ops/shape/pad.h"
#include "graph/ops/shape/resize_bilinear.h"
#include "graph/ops/shape/resize_nearest.h"
#include "graph/ops/shape/slice.h"

namespace octet {

using Operator = std::variant<Conv2d, TransposedConv2d, BatchNorm, Activation, Prelu, Add, Mul,
                              Concat, Slice, Pad, Crop, MaxPool, AvgPool, GlobalAvgPool,
                              ResizeNearest, ResizeBilinear, ChannelShuffle, DepthToSpace>;

[[nodiscard]] const OperatorTraits& traits_of(const Operator& op);
[[nodiscard]] inline std::string_view operator_name(const Operator& op) {
  return traits_of(op).name;
}

// Makes an operator by name, with default fields and without tensors. Throws an Error for an
// unknown name.
[[nodiscard]] Operator make_operator(std::string_view name);

[[nodiscard]] Shape output_shape(const Operator& op, std::string_view node,
                                 std::span<const Shape> inputs);

// Multiply-accumulates for one image.
[[nodiscard]] double multiplications_of(const Operator& op, const Shape& output);

// The channels that can only be removed together (operator.h). Nothing where the operator does not
// say which: the channels that it reads and makes have to stay. `channels`: of each input.
[[nodiscard]] std::optional<std::vector<ChannelTie>> channel_ties(
    const Operator& op, std::span<const int64_t> channels);
// Drops what belongs to other channels of the only input and of the output. Both lists ascend.
void keep_channels(Operator& op, const ChannelList& inputs, const ChannelList& outputs);

// The tensors of an operator by their names in files: "weight", "bias", "gamma", … Empty tensors
// are left out.
struct NamedTensor {
  std::string_view name;
  Tensor* tensor;
};
[[nodiscard]] std::vector<NamedTensor> parameters(Operator& op);
struct NamedConstTensor {
  std::string_view name;
  const Tensor* tensor;
};
[[nodiscard]] std::vector<NamedConstTensor> parameters(const Operator& op);

}  // namespace octet
