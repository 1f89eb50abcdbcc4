#include "quant/sum_scales.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <variant>

#include "graph/topology.h"

namespace octet {
namespace {

// The last bits that a scale has are 16: ten of the multiple, six of the unit. 1 / (2 × 1023) is
// more than the margin.
constexpr int kMostUnits = 1023, kUnitBits = 6;

bool is_exact(const Sum& s) { return s.left == s.out && s.right == s.out; }
bool has_own_scale(const Sum& s) { return s.left != s.out && s.right != s.out; }

// The group of the sum, or of the activation that engines compute within it.
std::optional<Sum> sum_of(const Topology& topology, const Placement& placement, const Node& node) {
  const Node* activation = topology.fused_activation(node);
  const auto group = [&](const std::string& value) { return placement.group_of.find(value); };
  const auto left = group(node.inputs[0]), right = group(node.inputs[1]);
  const auto out = group(activation == nullptr ? node.name : activation->name);
  const auto none = placement.group_of.end();
  if (left == none || right == none || out == none) return {};
  return Sum{left->second, right->second, out->second};
}

bool settled(const Sum& s, const std::vector<QuantParams>& groups) {
  const auto share = [&](size_t g) { return 1.0 * groups[g].scale / groups[s.out].scale; };
  const double left = share(s.left), right = share(s.right);
  for (int l = kInt8Min; l <= kInt8Max; ++l) {
    for (int r = kInt8Min; r <= kInt8Max; ++r) {
      const double steps =
          left * (l - groups[s.left].zero_point) + right * (r - groups[s.right].zero_point);
      if (std::abs(steps - std::floor(steps) - 0.5) < kSumMargin) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<JoinedSums> joined_sums(const Graph& graph, const Placement& placement) {
  const Topology topology(graph);
  std::vector<Sum> sums;
  for (const Node& node : graph.nodes) {
    if (!std::holds_alternative<Add>(node.op)) continue;
    const auto sum = sum_of(topology, placement, node);
    if (sum && !is_exact(*sum)) sums.push_back(*sum);
  }
  std::vector<size_t> first(placement.groups.size());  // of the groups joined to each
  std::iota(first.begin(), first.end(), size_t{0});
  for (const Sum& s : sums) {
    const size_t left = first[s.left], right = first[s.right], out = first[s.out];
    std::replace_if(
        first.begin(), first.end(), [&](size_t g) { return g == left || g == right; }, out);
  }
  std::vector<JoinedSums> all;
  for (size_t root = 0; root < first.size(); ++root) {
    JoinedSums joined;
    for (size_t g = 0; g < first.size(); ++g) {
      if (first[g] == root) joined.groups.push_back(g);
    }
    for (const Sum& s : sums) {
      if (first[s.out] == root) joined.sums.push_back(s);
    }
    const bool fixed = std::any_of(joined.groups.begin(), joined.groups.end(),
                                   [&](size_t g) { return placement.fixed.contains(g); });
    if (!fixed && std::any_of(joined.sums.begin(), joined.sums.end(), has_own_scale))
      all.push_back(std::move(joined));
  }
  return all;
}

bool settled(const JoinedSums& joined, const std::vector<QuantParams>& groups) {
  return std::all_of(joined.sums.begin(), joined.sums.end(),
                     [&](const Sum& s) { return settled(s, groups); });
}

std::vector<std::vector<float>> settling_scales(const JoinedSums& joined,
                                                const std::vector<QuantParams>& groups) {
  double largest = 0;
  for (const size_t g : joined.groups) largest = std::max(largest, 1.0 * groups[g].scale);
  const auto units = [&](size_t g, double unit) {
    const bool is_sum = std::any_of(joined.sums.begin(), joined.sums.end(),
                                    [&](const Sum& s) { return s.out == g; });
    const double count = groups[g].scale / unit;
    const double nearest = is_sum ? 2 * std::floor(count / 2) + 1 : std::nearbyint(count);
    return std::clamp(nearest, 1.0, 1.0 * kMostUnits);
  };
  int exponent = 0;
  (void)std::frexp(largest / kMostUnits, &exponent);
  std::vector<std::vector<float>> all;
  for (int bits = 1 << (kUnitBits - 1); bits < 1 << kUnitBits; ++bits) {
    double unit = std::ldexp(bits, exponent - kUnitBits);
    if (largest / unit > kMostUnits) unit *= 2;
    std::vector<float>& scales = all.emplace_back();
    for (const size_t g : joined.groups)
      scales.push_back(static_cast<float>(units(g, unit) * unit));
  }
  return all;
}

}  // namespace octet
