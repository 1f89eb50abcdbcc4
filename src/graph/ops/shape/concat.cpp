#include "graph/ops/shape/concat.h"

#include <fmt/format.h>

namespace octet {

Shape Concat::output_shape(const ShapeInputs& in) {
  if (in.all().empty()) in.refuse("expected inputs");
  Shape out = in.all()[0];
  for (const Shape& x : in.all().subspan(1)) {
    if (x[2] != out[2] || x[3] != out[3])
      in.refuse(fmt::format("cannot join {} and {}", to_string(out), to_string(x)));
    out[1] += x[1];
  }
  return out;
}

std::vector<ChannelTie> Concat::channel_ties(std::span<const int64_t> channels) {
  std::vector<ChannelTie> ties;
  for (size_t input = 0; input < channels.size(); ++input) {
    for (int64_t c = 0; c < channels[input]; ++c)
      ties.push_back({input, c, static_cast<int64_t>(ties.size())});
  }
  return ties;
}

}  // namespace octet
