// Operators that compute the same in float and in integers: templates over the type of tensor.
#pragma once

#include <cstdint>
#include <span>

#include "quant/reference/operators.h"

namespace octet {

// Returns a tensor of this shape, with the parameters of `like` and memory for its values.
[[nodiscard]] inline FloatTensor empty_like(const FloatTensor& /*like*/, Shape shape) {
  FloatTensor out{.shape = std::move(shape), .values = {}};
  out.values.reserve(static_cast<size_t>(element_count(out.shape)));
  return out;
}
[[nodiscard]] inline IntegerTensor empty_like(const IntegerTensor& like, Shape shape) {
  IntegerTensor out{.shape = std::move(shape), .params = like.params, .values = {}};
  out.values.reserve(static_cast<size_t>(element_count(out.shape)));
  return out;
}

[[nodiscard]] inline Shape pooled_shape(const Shape& x, int kernel, int stride,
                                        const Padding& padding) {
  return {x[0], (x[1] + padding.top + padding.bottom - kernel) / stride + 1,
          (x[2] + padding.left + padding.right - kernel) / stride + 1};
}

// Calls visit(values of the window) for each output of a pooling, in order: channel, row, column.
// Values outside the image are left out.
template <typename T, typename Visit>
void for_windows(const T& x, int kernel, int stride, const Padding& padding, Visit&& visit) {
  const int64_t h = x.shape[1];
  const int64_t w = x.shape[2];
  const Shape pooled = pooled_shape(x.shape, kernel, stride, padding);
  const int64_t oh = pooled[1];
  const int64_t ow = pooled[2];
  std::vector<typename decltype(x.values)::value_type> window;
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (int64_t y = 0; y < oh; ++y) {
      for (int64_t column = 0; column < ow; ++column) {
        window.clear();
        const int64_t top = y * stride - padding.top;
        const int64_t left = column * stride - padding.left;
        for (int64_t i = std::max<int64_t>(top, 0); i < std::min(top + kernel, h); ++i) {
          for (int64_t j = std::max<int64_t>(left, 0); j < std::min(left + kernel, w); ++j)
            window.push_back(x.values[static_cast<size_t>((c * h + i) * w + j)]);
        }
        visit(window);
      }
    }
  }
}

}  // namespace octet
