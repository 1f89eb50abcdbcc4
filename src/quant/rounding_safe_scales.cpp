#include "quant/rounding_safe_scales.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "graph/topology.h"
#include "quant/params.h"
#include "quant/sum_scales.h"

namespace octet {
namespace {

constexpr int kMostUnits = 512;          // of the scale's last bit: 1.6 % at most
constexpr double kSigmoidMargin = 5e-4;  // of a step: engines compute it in float32, some roughly
constexpr double kProductMargin = 1e-4;  // float32, with the zero point added

// Where engines may round differently, by the groups whose scales decide it.
struct Rounding {
  enum class Kind { kSigmoid, kProduct, kSum, kFactor } kind = Kind::kSigmoid;
  size_t in = 0, out = 0;
};

bool usable(float scale) { return std::isnormal(scale) && scale > 0; }

bool between_steps(double value, double margin) {
  return std::abs(value - std::floor(value) - 0.5) < margin;
}

double sigmoid_steps(int q, const QuantParams& in) {
  const double x = static_cast<double>(in.scale) * (q - in.zero_point);
  return 1 / (1 + std::exp(-x)) / kSigmoidParams.scale;
}

// product · factor in gemmlowp's fixed point: rounded after a multiplier of 31 bits, halves up, and
// again after a power of two, halves away from zero. For factors below 1.
int64_t rounded_twice(int64_t product, double factor) {
  int exponent = 0;
  const double mantissa = std::frexp(factor, &exponent);
  const int64_t multiplier = std::llround(std::ldexp(mantissa, 31));
  const int64_t once = (product * multiplier + (int64_t{1} << 30)) >> 31;
  const int shift = -exponent;
  if (shift == 0) return once;
  if (shift > 31) return 0;
  const int64_t half = int64_t{1} << (shift - 1);
  return once >= 0 ? (once + half) >> shift : -((half - once) >> shift);
}

int unsettled_sigmoids(const QuantParams& in) {
  int count = 0;
  for (int q = kInt8Min; q <= kInt8Max; ++q)
    count += between_steps(sigmoid_steps(q, in), kSigmoidMargin) ? 1 : 0;
  return count;
}

int unsettled_products(const QuantParams& in, const QuantParams& out) {
  const double factor = in.scale * kSigmoidParams.scale / out.scale;
  int count = 0;
  for (int q = kInt8Min; q <= kInt8Max; ++q) {
    const auto gate = static_cast<int>(std::min(255.0, std::nearbyint(sigmoid_steps(q, in))));
    const int64_t product = int64_t{q - in.zero_point} * gate;
    const double exact = static_cast<double>(product) * factor;
    if (exact < kInt8Min - out.zero_point || exact > kInt8Max - out.zero_point) continue;
    if (between_steps(exact, kProductMargin) ||
        (factor < 1 && rounded_twice(product, factor) != std::llround(exact)))
      ++count;
  }
  return count;
}

// Of a sum that has the parameters of its other summand: only `in` is rounded.
int unsettled_sums(const QuantParams& in, const QuantParams& out) {
  int count = 0;
  for (int q = kInt8Min; q <= kInt8Max; ++q) {
    const double steps = static_cast<double>(in.scale) * (q - in.zero_point) / out.scale;
    count += between_steps(steps, kSumMargin) ? 1 : 0;
  }
  return count;
}

constexpr int kLastPlace = 15;  // of a factor, behind the binary point
constexpr int kMostBits = 7, kLeastBits = 4;
// Behind it, float32 has no place for a step of 255 and its parts. Even a sum of 10,000 products with
// inputs of 60 steps moves by about 0.03 steps, where weights are rounded to a factor of 2^-16.
constexpr int kFinestPlace = 16;

// Factors of so many bits more, so many to each side of the nearest.
struct Search {
  int more_bits, factors;
};
constexpr Search kSearches[] = {{0, 4}, {1, 8}, {0, 16}};

// The scale that makes the factor in float32, where there is one.
std::optional<float> scale_for(float factor, float input, float output) {
  const float product = factor * output;
  const float start = product / input;
  for (const float s : {start, std::nextafter(start, 2 * start), std::nextafter(start, 0.0F)}) {
    if (usable(s) && input * s == product && product / output == factor) return s;
  }
  return {};
}

bool has_bits(float factor, int most) {
  int exponent = 0;
  const float bits = std::ldexp(std::frexp(factor, &exponent), most);
  return bits == std::nearbyint(bits);
}

// 1 where settled_weight_scale() might find no factor near by. Where output / input has few bits,
// neighbouring factors all miss alike, or none does.
int unsettled_factors(const QuantParams& in, const QuantParams& out) {
  const int farthest = std::prev(std::end(kSearches))->factors;
  int missing = 0;
  for (int k = 1 << (kMostBits - 1); k < 2 << kMostBits && missing <= 2 * farthest; ++k)
    missing = scale_for(std::ldexp(static_cast<float>(k), -kMostBits), in.scale, out.scale)
                  ? 0
                  : missing + 1;
  return missing > 2 * farthest ? 1 : 0;
}

int unsettled(const Rounding& r, const std::vector<QuantParams>& groups) {
  switch (r.kind) {
    case Rounding::Kind::kSigmoid:
      return unsettled_sigmoids(groups[r.in]);
    case Rounding::Kind::kProduct:
      return unsettled_products(groups[r.in], groups[r.out]);
    case Rounding::Kind::kSum:
      return unsettled_sums(groups[r.in], groups[r.out]);
    case Rounding::Kind::kFactor:
      return unsettled_factors(groups[r.in], groups[r.out]);
  }
  return 0;
}

// Whether a result may lie in the middle between two steps: sums of products, and means.
bool makes_ties(const Operator& op) {
  const OperatorTraits& traits = traits_of(op);
  return std::holds_alternative<Conv2d>(op) || (traits.shares_scale && !traits.moves_data);
}

std::vector<Rounding> roundings(const Graph& graph, const Placement& placement) {
  std::vector<Rounding> list;
  const Topology topology(graph);
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Conv2d>(node.op) && placement.convs.contains(node.name)) {
      if (const auto out = output_group(topology, placement, node))
        list.push_back({Rounding::Kind::kFactor, placement.group_of.at(node.inputs[0]), *out});
    }
    std::vector<size_t> in;
    for (const std::string& name : node.inputs) {
      const auto group = placement.group_of.find(name);
      if (group != placement.group_of.end()) in.push_back(group->second);
    }
    if (in.size() != node.inputs.size() || !placement.quantized(node.name)) continue;
    const size_t out = placement.group_of.at(node.name);
    const auto* act = std::get_if<Activation>(&node.op);
    if (act != nullptr && act->kind == ActivationKind::kSilu) {
      list.push_back({Rounding::Kind::kSigmoid, in[0], in[0]});
      list.push_back({Rounding::Kind::kProduct, in[0], out});
    }
    if (std::holds_alternative<Add>(node.op) && (in[0] == out) != (in[1] == out))
      list.push_back({Rounding::Kind::kSum, in[0] == out ? in[1] : in[0], out});
  }
  return list;
}

int count_unsettled(const std::vector<Rounding>& all, const std::vector<size_t>& changed,
                    const std::vector<QuantParams>& groups) {
  const auto is_changed = [&](size_t g) {
    return std::find(changed.begin(), changed.end(), g) != changed.end();
  };
  return std::accumulate(all.begin(), all.end(), 0, [&](int sum, const Rounding& r) {
    return sum + (is_changed(r.in) || is_changed(r.out) ? unsettled(r, groups) : 0);
  });
}

// The nearest scale with the least count.
void settle_scale(size_t g, const std::vector<Rounding>& all, std::vector<QuantParams>& groups) {
  const float first = groups[g].scale;
  const float unit = std::ldexp(1.0F, std::ilogb(first) - 15);  // of the last of 16 bits
  int least = count_unsettled(all, {g}, groups);
  float best = first;
  for (int i = 1; i <= kMostUnits && least > 0; ++i) {
    for (const int units : {i, -i}) {
      groups[g].scale = round_scale(first + static_cast<float>(units) * unit);
      const int now = count_unsettled(all, {g}, groups);
      if (now >= least) continue;
      least = now;
      best = groups[g].scale;
    }
  }
  groups[g].scale = best;
}

// Of the sets that settle the sums, the one with the least count, then with the least change.
void settle_sums(const JoinedSums& joined, const std::vector<Rounding>& all,
                 std::vector<QuantParams>& groups) {
  const auto with = [&](const std::vector<float>& scales) {
    std::vector<QuantParams> changed = groups;
    for (size_t i = 0; i < scales.size(); ++i) changed[joined.groups[i]].scale = scales[i];
    return changed;
  };
  const auto change = [&](const std::vector<float>& scales) {
    double most = 0;
    for (size_t i = 0; i < scales.size(); ++i)
      most = std::max(most, std::abs(std::log(1.0 * scales[i] / groups[joined.groups[i]].scale)));
    return most;
  };
  std::vector<std::tuple<int, double, std::vector<float>>> sets;
  for (std::vector<float>& scales : settling_scales(joined, groups)) {
    const int count = count_unsettled(all, joined.groups, with(scales));
    sets.emplace_back(count, change(scales), std::move(scales));
  }
  groups = with(std::get<2>(*std::min_element(sets.begin(), sets.end())));
}

// Not every factor is what float32 makes of some scale. Where none near by is, a bit more has
// others; where none of these is either, one farther off is.
float settled_weight_scale(float scale, float input, float output) {
  const double wanted = static_cast<double>(input) * scale / output;
  const int exponent = std::ilogb(wanted);
  const int places = std::min(
      kFinestPlace, std::clamp(kLastPlace, kLeastBits - 1 - exponent, kMostBits - 1 - exponent));
  const double finest = std::ldexp(input * scale / output, std::min(places + 1, kFinestPlace));
  if (finest == std::nearbyint(finest)) return scale;  // settled before
  for (const auto& [more, factors] : kSearches) {
    if (places + more > kFinestPlace) continue;
    const double nearest = std::max(1.0, std::nearbyint(std::ldexp(wanted, places + more)));
    for (int i = 0; i <= factors; ++i) {
      for (const int side : {i, -i}) {
        const auto factor = static_cast<float>(std::ldexp(nearest + side, -places - more));
        if (factor <= 0 || !has_bits(factor, kMostBits + 1)) continue;
        if (const auto s = scale_for(factor, input, output)) return *s;
      }
    }
  }
  return scale;
}

constexpr double kCut = 0.15;       // octaves: the largest weights lose 10 % at most
constexpr int kLeastPower = -13;    // of a unit's factor
constexpr double kBelow = 0x1p-30;  // of a power of two: 31 bits take what is nearer for it

float scale_below_power_of_two(float scale, float input, float output) {
  const double wanted = static_cast<double>(input) * scale / output;
  const int power = std::max(kLeastPower, static_cast<int>(std::ceil(std::log2(wanted) - kCut)));
  const double most = std::ldexp(static_cast<double>(output), power) / input * (1 - kBelow);
  auto below = static_cast<float>(most);
  // In float32, too: some engines compute the factor so.
  while (below > most || input * below / output >= std::ldexp(1.0F, power))
    below = std::nextafter(below, 0.0F);
  return below;
}

}  // namespace

void snap_weight_scales(std::vector<float>& scales, const QuantParams& input,
                        const QuantParams& output, const WeightGrid& grid) {
  const auto settled = grid.even ? scale_below_power_of_two : settled_weight_scale;
  for (float& s : scales) {
    if (usable(s) && usable(input.scale) && usable(output.scale))
      s = settled(s, input.scale, output.scale);
  }
}

void snap_scales(const Graph& graph, const Placement& placement, std::vector<QuantParams>& groups) {
  for (const QuantParams& p : groups) {
    if (!usable(p.scale)) return;  // whoever stores them says so
  }
  for (const Node& node : graph.nodes) {
    const auto group = placement.group_of.find(node.name);
    if (makes_ties(node.op) && group != placement.group_of.end() &&
        !placement.fixed.contains(group->second))
      groups[group->second].zero_point &= ~1;
  }
  const std::vector<Rounding> all = roundings(graph, placement);
  std::set<size_t> placed;
  for (const auto& [group, params] : placement.fixed) placed.insert(group);
  for (const JoinedSums& joined : joined_sums(graph, placement)) {
    placed.insert(joined.groups.begin(), joined.groups.end());
    if (!settled(joined, groups)) settle_sums(joined, all, groups);
  }
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!placed.contains(g)) settle_scale(g, all, groups);
  }
}

}  // namespace octet
