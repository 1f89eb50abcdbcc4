#include "graph/ops/convolution/batch_norm.h"

#include <fmt/format.h>

namespace octet {

Shape BatchNorm::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  tensors(*this, [&](std::string_view name, const Tensor& tensor, Needed) {
    if (tensor.empty()) in.refuse("gamma, beta, mean and variance are all needed");
    if (tensor.shape != Shape{x[1]})
      in.refuse(fmt::format("expected {} ({}), got {}", name, x[1], to_string(tensor.shape)));
  });
  return x;
}

void BatchNorm::keep_channels(const ChannelList& /*inputs*/, const ChannelList& outputs) {
  tensors(*this,
          [&](std::string_view, Tensor& tensor, Needed) { tensor = select(tensor, 0, outputs); });
}

}  // namespace octet
