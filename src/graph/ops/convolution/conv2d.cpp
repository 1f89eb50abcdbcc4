#include "graph/ops/convolution/conv2d.h"

#include <fmt/format.h>

namespace octet {

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
  return {1, w[0], in.windows(x[2], w[2], stride, padding),
          in.windows(x[3], w[3], stride, padding)};
}

double Conv2d::multiplications(const Shape& output) const {
  return static_cast<double>(element_count(weight.shape)) *
         static_cast<double>(output[2] * output[3]);
}

Conv2d select_outputs(const Conv2d& whole, const std::vector<size_t>& channels) {
  Conv2d part = whole;
  part.weight.values.clear();
  part.bias.values.clear();
  const size_t row = whole.weight.values.size() / static_cast<size_t>(whole.weight.shape[0]);
  for (const size_t c : channels) {
    const auto begin = whole.weight.values.begin() + static_cast<std::ptrdiff_t>(c * row);
    part.weight.values.insert(part.weight.values.end(), begin,
                              begin + static_cast<std::ptrdiff_t>(row));
    if (!whole.bias.empty()) part.bias.values.push_back(whole.bias.values.at(c));
  }
  part.weight.shape[0] = static_cast<int64_t>(channels.size());
  if (!whole.bias.empty()) part.bias.shape = {static_cast<int64_t>(channels.size())};
  return part;
}

}  // namespace octet
