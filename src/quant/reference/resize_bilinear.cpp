#include <algorithm>
#include <cmath>

#include "quant/reference/moves.h"

namespace octet {
namespace {

// The two neighbours of a place on a side, and the weight of the second in parts of a whole.
struct Neighbours {
  int64_t first, second;
  int64_t share;
};
std::vector<Neighbours> neighbours(const ResizeBilinear& op, int64_t length) {
  const int64_t parts = op.parts(length);
  std::vector<Neighbours> list;
  for (int64_t i = 0; i < length * op.factor; ++i) {
    const int64_t place = op.place(i, length);
    const int64_t first = place / parts;
    list.push_back({first, std::min(first + 1, length - 1), place % parts});
  }
  return list;
}

// Calls visit(sum) for each pixel, in order. A sum counts parts of rows times parts of columns.
template <typename Sum, typename T, typename Visit>
void for_sums(const ResizeBilinear& op, const T& x, Visit&& visit) {
  const int64_t h = x.shape[1];
  const int64_t w = x.shape[2];
  const auto rows = neighbours(op, h);
  const auto columns = neighbours(op, w);
  for (int64_t c = 0; c < x.shape[0]; ++c) {
    for (const Neighbours& y : rows) {
      for (const Neighbours& column : columns) {
        const auto across = [&](int64_t row) {
          const auto at = [&](int64_t i) {
            return static_cast<Sum>(x.values[static_cast<size_t>((c * h + row) * w + i)]);
          };
          return at(column.first) * static_cast<Sum>(op.parts(w) - column.share) +
                 at(column.second) * static_cast<Sum>(column.share);
        };
        visit(across(y.first) * static_cast<Sum>(op.parts(h) - y.share) +
              across(y.second) * static_cast<Sum>(y.share));
      }
    }
  }
}

template <typename T>
T empty_enlarged(const ResizeBilinear& op, const T& x) {
  return empty_like(x, {x.shape[0], x.shape[1] * op.factor, x.shape[2] * op.factor});
}

}  // namespace

FloatTensor compute(const ResizeBilinear& op, FloatInputs in) {
  const FloatTensor& x = *in[0];
  FloatTensor out = empty_enlarged(op, x);
  const double parts = static_cast<double>(op.parts(x.shape[1]) * op.parts(x.shape[2]));
  for_sums<double>(op, x,
                   [&](double sum) { out.values.push_back(static_cast<float>(sum / parts)); });
  return out;
}

// The mean of the integers is the integer of the mean. Halves are rounded up, as XNNPACK does.
IntegerTensor compute(const ResizeBilinear& op, IntegerInputs in, const IntegerNode&) {
  const IntegerTensor& x = *in[0];
  IntegerTensor out = empty_enlarged(op, x);
  const int64_t parts = op.parts(x.shape[1]) * op.parts(x.shape[2]);
  for_sums<int64_t>(op, x, [&](int64_t sum) {
    const int64_t halves = 2 * sum + parts;  // rounded down, also below zero
    const int64_t steps = halves / (2 * parts) - (halves % (2 * parts) < 0 ? 1 : 0);
    out.values.push_back(static_cast<int8_t>(steps));
  });
  return out;
}

}  // namespace octet
