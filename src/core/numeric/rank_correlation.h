// Agreement of two orders.
#pragma once

#include <span>

namespace octet {

// Spearman's rank correlation: 1 for the same order, −1 for the opposite one, about 0 for orders
// that have nothing to do with each other. Equal values share the mean of their ranks. 0 where all
// values of a list are equal. Both lists have the same length.
[[nodiscard]] double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace octet
