#include <algorithm>
#include <cmath>

#include "quant/reference/moves.h"

namespace octet {
namespace {

// The two neighbours of a place on a side, and the weight of the second.
struct Neighbours {
  int64_t first, second;
  double share;
};
std::vector<Neighbours> neighbours(const ResizeBilinear& op, int64_t length) {
  std::vector<Neighbours> list;
  for (int64_t i = 0; i < length * op.factor; ++i) {
    const double place = op.source(i, length);
    const auto first = static_cast<int64_t>(std::floor(place));
    list.push_back({first, std::min(first + 1, length - 1), place - static_cast<double>(first)});
  }
  return list;
}

}  // namespace

FloatTensor compute(const ResizeBilinear& op, FloatInputs in) {
  const FloatTensor& x = *in[0];
  const auto rows = neighbours(op, x.shape[1]);
  const auto columns = neighbours(op, x.shape[2]);
  FloatTensor out = empty_like(x, {x.shape[0], x.shape[1] * op.factor, x.shape[2] * op.factor});
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    const auto at = [&](int64_t row, int64_t column) {
      return static_cast<double>(
          x.values[static_cast<size_t>((c * x.shape[1] + row) * x.shape[2] + column)]);
    };
    for (const Neighbours& y : rows) {
      for (const Neighbours& column : columns) {
        const auto across = [&](int64_t row) {
          return std::lerp(at(row, column.first), at(row, column.second), column.share);
        };
        out.values.push_back(
            static_cast<float>(std::lerp(across(y.first), across(y.second), y.share)));
      }
    }
  }
  return out;
}

}  // namespace octet
