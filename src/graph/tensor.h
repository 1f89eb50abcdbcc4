// A parameter of the network: dense, row-major, float32 in memory for every type in the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct Tensor {
  Shape shape;
  std::vector<float> values;

  [[nodiscard]] bool empty() const { return values.empty(); }
};

using ChannelList = std::vector<int64_t>;

// The tensor with only these indices of an axis, in this order. Throws an Error for an index that
// it does not have.
[[nodiscard]] Tensor select(const Tensor& whole, size_t axis, const ChannelList& indices);

[[nodiscard]] std::string to_string(const Shape& shape);  // "(1, 3, 640, 640)"

}  // namespace octet
