// Arithmetic with constants of a file, such as the shapes that PyTorch computes. All throw an Error
// with the reason where the operands do not fit, and take the memory of the result from the budget.
#pragma once

#include <functional>
#include <vector>

#include "core/budget.h"
#include "format/import/draft.h"

namespace octet {

[[nodiscard]] Constant constant_of(const std::vector<int64_t>& values);
// Whole numbers of a constant.
[[nodiscard]] std::vector<int64_t> whole_numbers(const Constant& constant);

// To integers numbers lose their fraction.
[[nodiscard]] Constant as_integers(Constant a);
[[nodiscard]] Constant as_reals(Constant a);

// In single precision.
[[nodiscard]] Tensor narrowed(const Constant& constant);

[[nodiscard]] Constant broadcast(const Constant& a, const Constant& b, Budget& budget,
                                 const std::function<double(double, double)>& function);
[[nodiscard]] Constant mapped(Constant a, const std::function<double(double)>& function);
[[nodiscard]] Constant reshaped(Constant a, Shape shape);
[[nodiscard]] Constant transposed(const Constant& a, const std::vector<int64_t>& order,
                                  Budget& budget);
[[nodiscard]] Constant joined(const std::vector<Constant>& parts, int64_t axis, Budget& budget);
// The elements of these indices of an axis, in this order.
[[nodiscard]] Constant picked(const Constant& a, int64_t axis, const std::vector<int64_t>& indices,
                              Budget& budget);

// The sides of a tiled value, each as often as its number says.
[[nodiscard]] Shape multiplied(const Shape& shape, const std::vector<int64_t>& numbers);

// The target of a reshape: 0 keeps a side (unless `zero_is_zero`), −1 is what is left.
[[nodiscard]] Shape reshape_target(const Shape& from, const std::vector<int64_t>& wanted,
                                   bool zero_is_zero);

}  // namespace octet
