// The order in a TensorFlow Lite file of values that octet has as (N, C, H, W).
#pragma once

#include <vector>

#include "graph/ops/convolution/conv2d.h"

namespace octet {

// The order of an image's axes in the file: (N, C, H, W) becomes (N, H, W, C).
[[nodiscard]] inline Shape channels_last(const Shape& s) { return {s[0], s[2], s[3], s[1]}; }

// One input channel a group.
[[nodiscard]] inline bool is_depthwise(const Conv2d& op) {
  return op.groups > 1 && op.weight.shape[1] == 1;
}

// The order of a convolution's weights in the file: (O, H, W, I), or (1, H, W, O) for depthwise
// ones.
class WeightLayout {
 public:
  explicit WeightLayout(const Conv2d& op) : from_(op.weight.shape), depthwise_(is_depthwise(op)) {}

  [[nodiscard]] Shape shape() const {
    return depthwise_ ? Shape{1, from_[2], from_[3], from_[0]} : channels_last(from_);
  }
  [[nodiscard]] int output_axis() const { return depthwise_ ? 3 : 0; }

  template <typename T>
  [[nodiscard]] std::vector<T> ordered(const std::vector<T>& weight) const {
    std::vector<T> out;
    out.reserve(weight.size());
    const int64_t positions = from_[2] * from_[3];
    const auto at = [&](int64_t o, int64_t i, int64_t p) {
      return weight[static_cast<size_t>((o * from_[1] + i) * positions + p)];
    };
    if (depthwise_) {
      for (int64_t p = 0; p < positions; ++p)
        for (int64_t o = 0; o < from_[0]; ++o) out.push_back(at(o, 0, p));
      return out;
    }
    for (int64_t o = 0; o < from_[0]; ++o)
      for (int64_t p = 0; p < positions; ++p)
        for (int64_t i = 0; i < from_[1]; ++i) out.push_back(at(o, i, p));
    return out;
  }

 private:
  Shape from_;  // (O, I / groups, H, W)
  bool depthwise_;
};

}  // namespace octet
