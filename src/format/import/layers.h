// Operators of files as nodes of a draft, for every kind of file. All throw an Error with the reason
// where the graph cannot hold them.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "format/import/draft.h"

namespace octet {

// `conv` has its weight (O, I / groups, H, W).
Computed add_convolution(Draft& draft, const std::string& name, const Computed& x, Conv2d conv);

// `conv` has its weight (I, O / groups, H, W). Its padding at the bottom and the right may be
// negative: pixels there that no kernel reaches, which have the bias.
Computed add_transposed_convolution(Draft& draft, const std::string& name, const Computed& x,
                                    TransposedConv2d conv, int64_t groups = 1);

// Pixels as blocks of channels, and blocks of channels as pixels. Both are convolutions with weights
// of zero and one, which compute the same numbers.
// The channels of a block: all of its first pixel first, or all of its first channel.
enum class BlockOrder { kByPixel, kByChannel };
Computed add_depth_to_space(Draft& draft, const std::string& name, const Computed& x, int64_t block,
                            BlockOrder order);
Computed add_space_to_depth(Draft& draft, const std::string& name, const Computed& x,
                            int64_t block);

// Weights (O, K) of a layer that reads all numbers of `x`, or the channels of each pixel. The
// result has the shape of `x` with O in place of its last axis, or (1, O) where that is not K.
struct Dense {
  int64_t outputs, inputs;
  std::vector<double> weight, bias;  // row-major; the bias may be empty
};
Computed add_dense(Draft& draft, const std::string& name, const Computed& x, const Dense& dense);

// x · scale + shift, with a number for each channel.
struct Affine {
  std::vector<double> scale, shift;
};
Computed add_affine(Draft& draft, const std::string& name, const Computed& x, const Affine& affine);
// As many of a number as `x` has channels.
[[nodiscard]] Affine uniform(const Draft& draft, const Computed& x, double scale, double shift);

enum class Arithmetic { kAdd, kSubtract, kMultiply, kDivide };
Computed add_arithmetic(Draft& draft, const std::string& name, Arithmetic kind, const Computed& a,
                        const Computed& b);
// With a constant, which stands for one number of each channel.
Computed add_arithmetic(Draft& draft, const std::string& name, Arithmetic kind, const Computed& a,
                        const Constant& b);
Computed subtract_from(Draft& draft, const std::string& name, const Constant& a, const Computed& b);

Computed add_activation(Draft& draft, const std::string& name, ActivationKind kind,
                        const Computed& x);
Computed add_tanh(Draft& draft, const std::string& name, const Computed& x);
// A limit of a thousand or more on the far side of zero counts as none, and a note says so. As a
// bound of ReLU6 it would leave no steps to the values.
struct ClampRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
Computed add_clip(Draft& draft, const std::string& name, const Computed& x,
                  const ClampRange& limits);
// clip(slope · x + shift, 0, 1).
Computed add_hard_sigmoid(Draft& draft, const std::string& name, const Computed& x, double slope,
                          double shift);
Computed add_prelu(Draft& draft, const std::string& name, const Computed& x, const Constant& slope);

// A new order of the axes. Channels in groups that change places are a shuffle of channels.
Computed add_transpose(Draft& draft, const std::string& name, const Computed& x,
                       const std::vector<int64_t>& order);
Computed add_concat(Draft& draft, const std::string& name, const std::vector<Computed>& parts,
                    int64_t axis);
// The elements [begin, end) of an axis. Both may count from the end, and reach beyond it.
struct Span {
  int64_t axis, begin, end;
};
Computed add_slice(Draft& draft, const std::string& name, const Computed& x, Span span);
// The channels of these indices, in this order. `axis` is theirs.
Computed add_gather(Draft& draft, const std::string& name, const Computed& x, int64_t axis,
                    const std::vector<int64_t>& indices);
// The same numbers with another shape. Where `x` is repeated, each side is a whole multiple of its
// own. Pixels that are repeated as often in rows as in columns become an enlarged image.
Computed add_reshape(Draft& draft, const std::string& name, const Computed& x, const Shape& shape);
// `x` repeated to a shape, as the factor of a product, or until a reshape makes pixels of it.
[[nodiscard]] Computed repeated(const Draft& draft, const Computed& x,
                                const std::vector<int64_t>& shape);
// `amounts`: of each axis of the file before it, then of each behind it.
Computed add_pad(Draft& draft, const std::string& name, const Computed& x,
                 const std::vector<int64_t>& amounts, double value);

// A pooling in the layout of the file.
struct PoolWindow {
  int64_t height, width;
  int64_t stride_y, stride_x;
  Padding padding;
};
Computed add_max_pool(Draft& draft, const std::string& name, const Computed& x,
                      const PoolWindow& window);
// `counts_padding`: the mean counts the zeros of the padding.
Computed add_avg_pool(Draft& draft, const std::string& name, const Computed& x,
                      const PoolWindow& window, bool counts_padding);
// The mean of rows, of columns, or of the whole image.
Computed add_mean(Draft& draft, const std::string& name, const Computed& x,
                  const std::vector<int64_t>& axes, bool keeps_axes);

// To the sides `shape` of the file. `nearest` repeats pixels, and has no grid.
Computed add_resize(Draft& draft, const std::string& name, const Computed& x, const Shape& shape,
                    bool nearest, PixelGrid grid);

// An axis that may count from the end. Fails where there is none.
[[nodiscard]] size_t axis_of(int64_t axis, size_t rank);
// The numbers of a constant for each channel of `x`.
[[nodiscard]] std::vector<double> channel_values(const Draft& draft, const Computed& x,
                                                 const Constant& constant);

}  // namespace octet
