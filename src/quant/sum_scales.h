// Scales of sums. An Add with summands of other scales than its own rounds
//   (left scale × l + right scale × r) / own scale,
// for 65536 pairs of integers. Some of these values lie in the middle between two steps, or so near
// that an engine's own rounding decides. Where the three scales are multiples of one unit, and the
// sum's multiple is odd, none does: the value is an integer divided by an odd number.
//
// Sums that are summands of others, as in residual networks, have one unit in common.
#pragma once

#include <vector>

#include "quant/placement.h"

namespace octet {

// How far a sum has to be from the middle between two steps, in steps: XNNPACK multiplies summands
// by 21 bits.
inline constexpr double kSumMargin = 3e-4;

struct Sum {
  size_t left = 0, right = 0, out = 0;  // groups
};

// Sums that have groups in common, and all groups of theirs.
struct JoinedSums {
  std::vector<Sum> sums;
  std::vector<size_t> groups;
};

// The sums of the graph that have two summands of other groups than their own, and those joined to
// them. Sums with a group of fixed parameters are left out.
[[nodiscard]] std::vector<JoinedSums> joined_sums(const Graph& graph, const Placement& placement);

// Whether every engine rounds these sums alike.
[[nodiscard]] bool settled(const JoinedSums& joined, const std::vector<QuantParams>& groups);

// Sets of scales that settle the sums, one for each group of `joined`, in units of six bits. The
// largest scale is 512 to 1023 units. A sum's scale moves by up to one unit, another by up to half.
[[nodiscard]] std::vector<std::vector<float>> settling_scales(
    const JoinedSums& joined, const std::vector<QuantParams>& groups);

}  // namespace octet
