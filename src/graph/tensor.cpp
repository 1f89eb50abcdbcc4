#include "graph/tensor.h"

#include <algorithm>

#include "core/error.h"

namespace octet {

Tensor select(const Tensor& whole, size_t axis, const ChannelList& indices) {
  const int64_t length = whole.shape.at(axis);
  int64_t inner = 1;  // values between two neighbours on the axis
  for (size_t d = axis + 1; d < whole.shape.size(); ++d) inner *= whole.shape[d];
  const int64_t outer = length == 0 ? 0 : element_count(whole.shape) / (length * inner);
  Tensor part{.shape = whole.shape, .values = {}};
  part.shape[axis] = static_cast<int64_t>(indices.size());
  part.values.reserve(static_cast<size_t>(element_count(part.shape)));
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t index : indices) {
      if (index < 0 || index >= length)
        fail("index {} is not within the {} of axis {}", index, length, axis);
      const auto begin = whole.values.begin() + (o * length + index) * inner;
      part.values.insert(part.values.end(), begin, begin + inner);
    }
  }
  return part;
}

}  // namespace octet
