// Pooling and resizing.
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "format/import/layers.h"

namespace octet {
namespace {

void require_square(const PoolWindow& w) {
  if (w.height != w.width || w.stride_y != w.stride_x)
    fail("has a window of {} × {} with strides {} and {}; octet has square ones only", w.width,
         w.height, w.stride_x, w.stride_y);
  if (w.height < 1 || w.height > 1024 || w.stride_y < 1 || w.stride_y > 1024)
    fail("has a window of {} with a stride of {}", w.height, w.stride_y);
}

bool is_whole_image(const Draft& draft, const Computed& x, const PoolWindow& w) {
  const Shape& sides = draft.nchw(x);
  return w.padding == Padding() && sides[2] == w.height && sides[3] == w.width;
}

// The mean as a convolution, which counts the zeros around the image.
Computed add_mean_of_windows(Draft& draft, const std::string& name, const Computed& x,
                             const PoolWindow& w) {
  const int64_t channels = draft.nchw(x)[1];
  draft.take_numbers(channels * w.height * w.width);
  const auto count = static_cast<size_t>(channels * w.height * w.width);
  Conv2d conv{.stride = static_cast<int>(w.stride_y),
              .padding = w.padding,
              .groups = static_cast<int>(channels),
              .weight = {{channels, 1, w.height, w.width},
                         std::vector<float>(count, 1.0F / static_cast<float>(w.height * w.width))},
              .bias = {}};
  return draft.add(name, std::move(conv), {x});
}

// The axes of an image, larger than one, that these axes of the file are.
std::vector<bool> reduced_axes(const Draft& draft, const Computed& x,
                               const std::vector<bool>& gone) {
  const Shape& sides = draft.nchw(x);
  const std::vector<std::vector<int>> joined = draft.joined_axes(x);
  std::vector<bool> reduced(4, false);
  for (size_t i = 0; i < gone.size(); ++i) {
    for (const int axis : joined[i]) {
      const auto at = static_cast<size_t>(axis);
      reduced[at] = gone[i] && sides[at] > 1;
    }
  }
  return reduced;
}

}  // namespace

Computed add_max_pool(Draft& draft, const std::string& name, const Computed& x,
                      const PoolWindow& w) {
  draft.require_image(x);
  require_square(w);
  return draft.add(name,
                   MaxPool{.kernel = static_cast<int>(w.height),
                           .stride = static_cast<int>(w.stride_y),
                           .padding = w.padding},
                   {x});
}

Computed add_avg_pool(Draft& draft, const std::string& name, const Computed& x, const PoolWindow& w,
                      bool counts_padding) {
  draft.require_image(x);
  if (is_whole_image(draft, x, w)) return draft.add(name, GlobalAvgPool{}, {x});
  if (w.padding != Padding() && !counts_padding)
    fail("is a mean without the pixels of its padding, which octet does not compute");
  if (w.height != w.width && w.stride_y == w.stride_x)
    return add_mean_of_windows(draft, name, x, w);
  require_square(w);
  if (w.padding != Padding()) return add_mean_of_windows(draft, name, x, w);
  return draft.add(
      name, AvgPool{.kernel = static_cast<int>(w.height), .stride = static_cast<int>(w.stride_y)},
      {x});
}

Computed add_mean(Draft& draft, const std::string& name, const Computed& x,
                  const std::vector<int64_t>& axes, bool keeps_axes) {
  draft.require_whole(x);
  const Shape& sides = draft.nchw(x);
  std::vector<bool> gone(x.shape.size(), false);
  for (const int64_t axis : axes) gone[axis_of(axis, gone.size())] = true;
  const std::vector<bool> reduced = reduced_axes(draft, x, gone);
  if (reduced[0] || reduced[1])
    fail("is a mean over the axes {} of ({}); octet has means of rows and columns only",
         fmt::join(axes, ", "), fmt::join(x.shape, ", "));
  Shape shape;
  for (size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) shape.push_back(x.shape[i]);
    if (gone[i] && keeps_axes) shape.push_back(1);
  }
  const PoolWindow window{reduced[2] ? sides[2] : 1, reduced[3] ? sides[3] : 1, 1, 1, {}};
  Computed made = x;
  if (reduced[2] || reduced[3])
    made = is_whole_image(draft, x, window) ? draft.add(name, GlobalAvgPool{}, {x})
                                            : add_mean_of_windows(draft, name, x, window);
  return {made.value, shape, x.order};
}

Computed add_resize(Draft& draft, const std::string& name, const Computed& x, const Shape& shape,
                    bool nearest, PixelGrid grid) {
  const std::vector<int> axes = draft.axes(x);
  int64_t factor = 0;
  for (size_t i = 0; i < x.shape.size() && shape.size() == x.shape.size(); ++i) {
    const int64_t f = shape[i] % x.shape[i] == 0 ? shape[i] / x.shape[i] : -1;
    if (axes[i] < 2 && f != 1) factor = -1;
    if (axes[i] < 2 || factor < 0) continue;
    factor = factor == 0 || factor == f ? f : -1;
  }
  if (factor < 1)
    fail("enlarges ({}) to ({}); octet takes whole factors, the same for both sides",
         fmt::join(x.shape, ", "), fmt::join(shape, ", "));
  if (factor == 1) return x;
  const Computed made =
      nearest
          ? draft.add(name, ResizeNearest{static_cast<int>(factor)}, {x})
          : draft.add(name, ResizeBilinear{.factor = static_cast<int>(factor), .grid = grid}, {x});
  return {made.value, shape, x.order};
}

}  // namespace octet
