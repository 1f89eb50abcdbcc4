#include <cmath>
#include <numeric>

#include "quant/reference/moves.h"

namespace octet {
namespace {

// Calls visit(sum of a channel, number of its pixels).
template <typename Sum, typename T, typename Visit>
void for_channels(const T& x, Visit&& visit) {
  const auto pixels = static_cast<std::ptrdiff_t>(x.shape[1] * x.shape[2]);
  for (auto at = x.values.begin(); at != x.values.end(); at += pixels)
    visit(std::accumulate(at, at + pixels, Sum{0}), static_cast<double>(pixels));
}

}  // namespace

FloatTensor compute(const GlobalAvgPool&, FloatInputs in) {
  FloatTensor out = empty_like(*in[0], {in[0]->shape[0], 1, 1});
  for_channels<double>(*in[0], [&](double sum, double pixels) {
    out.values.push_back(static_cast<float>(sum / pixels));
  });
  return out;
}

// As AvgPool: the mean of the integers is the integer of the mean.
IntegerTensor compute(const GlobalAvgPool&, IntegerInputs in, const IntegerNode&) {
  IntegerTensor out = empty_like(*in[0], {in[0]->shape[0], 1, 1});
  for_channels<int64_t>(*in[0], [&](int64_t sum, double pixels) {
    out.values.push_back(static_cast<int8_t>(std::nearbyint(static_cast<double>(sum) / pixels)));
  });
  return out;
}

}  // namespace octet
