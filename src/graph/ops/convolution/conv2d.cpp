#include "graph/ops/convolution/conv2d.h"

#include <fmt/format.h>

#include <utility>

namespace octet {
namespace {

constexpr int kMaxDilation = 64;

}  // namespace

Shape Conv2d::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  const Shape& w = weight.shape;
  if (w.size() != 4)
    in.refuse(fmt::format("expected a weight of 4 dimensions, got {}", to_string(w)));
  if (groups < 1 || x[1] != w[1] * groups || w[0] % groups != 0)
    in.refuse(fmt::format("a weight {} in {} groups does not take {} channels", to_string(w),
                          groups, x[1]));
  if (!bias.empty() && bias.shape != Shape{w[0]})
    in.refuse(fmt::format("expected a bias ({}), got {}", w[0], to_string(bias.shape)));
  if (dilation < 1 || dilation > kMaxDilation)
    in.refuse(fmt::format("a dilation of {} is not within 1..{}", dilation, kMaxDilation));
  return {1, w[0],
          in.windows(x[2], dilation * (w[2] - 1) + 1, stride, {padding.top, padding.bottom}),
          in.windows(x[3], dilation * (w[3] - 1) + 1, stride, {padding.left, padding.right})};
}

double Conv2d::multiplications(const Shape& output) const {
  return static_cast<double>(element_count(weight.shape)) *
         static_cast<double>(output[2] * output[3]);
}

std::vector<ChannelTie> Conv2d::channel_ties(std::span<const int64_t> /*channels*/) const {
  std::vector<ChannelTie> ties;
  if (groups == 1) return ties;
  const int64_t in = weight.shape[1];
  const int64_t out = weight.shape[0] / groups;
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t i = 0; i < in; ++i) ties.push_back({0, g * in + i, g * out});
    for (int64_t o = 1; o < out; ++o) ties.push_back({0, g * in, g * out + o});
  }
  return ties;
}

void Conv2d::keep_channels(const ChannelList& inputs, const ChannelList& outputs) {
  *this = select_outputs(std::move(*this), outputs);
  if (groups == 1) {
    *this = select_inputs(std::move(*this), inputs);
  } else {
    groups = static_cast<int>(static_cast<int64_t>(inputs.size()) / weight.shape[1]);
  }
}

Conv2d select_outputs(Conv2d whole, const ChannelList& channels) {
  whole.weight = select(whole.weight, 0, channels);
  if (!whole.bias.empty()) whole.bias = select(whole.bias, 0, channels);
  return whole;
}

Conv2d select_inputs(Conv2d whole, const ChannelList& channels) {
  whole.weight = select(whole.weight, 1, channels);
  return whole;
}

}  // namespace octet
