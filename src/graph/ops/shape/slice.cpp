#include "graph/ops/shape/slice.h"

#include <fmt/format.h>

#include <algorithm>

namespace octet {

Shape Slice::output_shape(const ShapeInputs& in) const {
  Shape out = in.only();
  if (begin < 0 || end <= begin || end > out[1])
    in.refuse(fmt::format("channels [{}, {}) are not within {}", begin, end, out[1]));
  out[1] = end - begin;
  return out;
}

std::vector<ChannelTie> Slice::channel_ties(std::span<const int64_t> /*channels*/) const {
  std::vector<ChannelTie> ties;
  for (int64_t c = begin; c < end; ++c) ties.push_back({0, c, c - begin});
  return ties;
}

void Slice::keep_channels(const ChannelList& inputs, const ChannelList& outputs) {
  const auto before = std::lower_bound(inputs.begin(), inputs.end(), begin) - inputs.begin();
  begin = static_cast<int>(before);
  end = begin + static_cast<int>(outputs.size());
}

}  // namespace octet
