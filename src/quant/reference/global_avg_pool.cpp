#include <numeric>

#include "quant/reference/moves.h"

namespace octet {

FloatTensor compute(const GlobalAvgPool&, FloatInputs in) {
  FloatTensor out = empty_like(*in[0], {in[0]->shape[0], 1, 1});
  const auto pixels = static_cast<std::ptrdiff_t>(in[0]->shape[1] * in[0]->shape[2]);
  for (auto at = in[0]->values.begin(); at != in[0]->values.end(); at += pixels)
    out.values.push_back(
        static_cast<float>(std::accumulate(at, at + pixels, 0.0) / static_cast<double>(pixels)));
  return out;
}

}  // namespace octet
