#include "quant/rounding_safe_scales.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "quant/params.h"
#include "quant/placement.h"
#include "quant/test_models.h"

namespace octet {
namespace {

// How many of the 256 products of SiLU come out differently where they are rounded twice, as by
// TensorFlow Lite's own kernels, or lie so near to a half that float32 decides.
int doubtful_products(const QuantParams& in, const QuantParams& out) {
  const double factor = in.scale / 256 / out.scale;
  int exponent = 0;
  const long double multiplier = std::round(std::ldexp(std::frexp(factor, &exponent), 31));
  int count = 0;
  for (int q = -128; q <= 127; ++q) {
    const double x = static_cast<double>(in.scale) * (q - in.zero_point);
    const double gate = std::min(255.0, std::nearbyint(256 / (1 + std::exp(-x))));
    const long double product = (q - in.zero_point) * gate;
    const double exact = static_cast<double>(product) * factor;
    const long double once = std::floor(std::ldexp(product * multiplier, -31) + 0.5L);
    const long double twice = std::round(std::ldexp(once, exponent));
    if (exact > 127 - out.zero_point) continue;
    if (twice != std::nearbyint(exact) || std::abs(std::remainder(exact - 0.5, 1.0)) < 5e-5)
      ++count;
  }
  return count;
}

TEST(Settle, EnginesCannotRoundSiluDifferently) {
  const Model model = small_model();
  const Placement p = place_quantizers(model);
  const size_t in = p.group_of.at("a");
  const size_t out = p.group_of.at("a.act");
  // As trained: a product at 16.5 steps exactly; and four that are rounded twice.
  for (const auto& [before, behind] :
       {std::pair{QuantParams{0.05564117431640625F, 2}, QuantParams{0.038147926330566406F, -121}},
        std::pair{QuantParams{0.051062583923339844F, 16},
                  QuantParams{0.023314476013183594F, -116}}}) {
    std::vector<QuantParams> groups(p.groups.size(), {0.05F, 0});
    groups[in] = before;
    groups[out] = behind;
    EXPECT_GT(doubtful_products(before, behind), 0);
    snap_scales(model.graph, p, groups);
    EXPECT_EQ(doubtful_products(groups[in], groups[out]), 0);
    for (const size_t g : {in, out}) {
      const QuantParams& first = g == in ? before : behind;
      EXPECT_EQ(groups[g].scale, round_scale(groups[g].scale));
      EXPECT_NEAR(groups[g].scale / first.scale, 1, 0.016);
      EXPECT_EQ(groups[g].zero_point, first.zero_point);
    }
    std::vector<QuantParams> again = groups;
    snap_scales(model.graph, p, again);
    EXPECT_EQ(again, groups) << "what is settled stays";
  }
}

TEST(Settle, ConvolutionsOutputsHaveEvenZeroPoints) {
  const Model model = small_model();
  const Placement p = place_quantizers(model);
  std::vector<QuantParams> groups(p.groups.size(), {0.05F, -101});
  snap_scales(model.graph, p, groups);
  EXPECT_EQ(groups[p.group_of.at("a")].zero_point, -102);
  EXPECT_EQ(groups[p.group_of.at("head")].zero_point, -102);
  EXPECT_EQ(groups[p.group_of.at("a.act")].zero_point, -101) << "nothing to add there is a tie";
}

// "right" shares the sum's parameters, so only the other summand falls between two steps.
TEST(Settle, SumsHaveNoTies) {
  const Model model = small_model();
  const Placement p = place_quantizers(model);
  std::vector<QuantParams> groups(p.groups.size(), {0.05F, 0});
  const QuantParams& other = groups[p.group_of.at("b.act")] = {0.0625F, -128};
  const QuantParams& sum = groups[p.group_of.at("sum")] = {0.125F, -100};  // half a step each
  snap_scales(model.graph, p, groups);
  for (int q = 0; q < 256; ++q)
    EXPECT_GT(
        std::abs(std::remainder(static_cast<float>(q) * other.scale / sum.scale - 0.5F, 1.0F)),
        1e-4F)
        << q;
}

// left → first = left + right → second = first + third, and a sum behind a ReLU.
Model residual_model() {
  Model m;
  m.graph.nodes = {
      {"left", conv(4, 3, 3), {"image"}},    {"right", conv(4, 3, 3), {"image"}},
      {"first", Add{}, {"left", "right"}},   {"third", conv(4, 4, 3), {"first"}},
      {"second", Add{}, {"first", "third"}}, {"fourth", conv(4, 4, 3), {"second"}},
      {"raw", Add{}, {"fourth", "second"}},  {"relu", Activation{ActivationKind::kRelu}, {"raw"}},
      {"head", conv(2, 4, 1), {"relu"}}};
  m.add_output({.value = "head", .role = OutputRole::kClass, .stride = 1});
  return m;
}

// The steps of a sum as XNNPACK computes them: multipliers of 21 bits, halves up.
int64_t sum_of_xnnpack(double left, int l, double right, int r) {
  int exponent = 0;
  (void)std::frexp(std::max(left, right), &exponent);
  const int shift = 21 - exponent;
  const int64_t sum =
      l * std::llround(std::ldexp(left, shift)) + r * std::llround(std::ldexp(right, shift));
  return (sum + (int64_t{1} << (shift - 1))) >> shift;
}

TEST(Settle, SumsOfThreeScalesHaveOneResultInEveryArithmetic) {
  const Model model = residual_model();
  const Placement p = place_quantizers(model);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> any(-5, 0);  // of logarithms
  for (int i = 0; i < 20; ++i) {
    std::vector<QuantParams> groups;
    for (size_t g = 0; g < p.groups.size(); ++g)
      groups.push_back(params_for_range(-2 * std::exp(any(random)), 8 * std::exp(any(random))));
    groups[p.group_of.at("image")] = kImageParams;
    const std::vector<QuantParams> first = groups;
    snap_scales(model.graph, p, groups);
    for (const std::array<const char*, 3> names :
         {std::array{"left", "right", "first"}, std::array{"first", "third", "second"},
          std::array{"fourth", "second", "relu"}}) {
      const QuantParams &a = groups[p.group_of.at(names[0])], &b = groups[p.group_of.at(names[1])];
      const QuantParams& out = groups[p.group_of.at(names[2])];
      const double left = 1.0 * a.scale / out.scale, right = 1.0 * b.scale / out.scale;
      for (int l = -128 - a.zero_point; l <= 127 - a.zero_point; ++l) {
        for (int r = -128 - b.zero_point; r <= 127 - b.zero_point; ++r) {
          const auto exact = std::llround(left * l + right * r);
          if (std::abs(exact) > 255) continue;  // clamped in each
          const float real = static_cast<float>(l) * a.scale + static_cast<float>(r) * b.scale;
          ASSERT_EQ(exact, std::llrint(real / out.scale)) << names[2] << ' ' << l << ' ' << r;
          ASSERT_EQ(exact, sum_of_xnnpack(left, l, right, r)) << names[2] << ' ' << l << ' ' << r;
        }
      }
    }
    for (size_t g = 0; g < groups.size(); ++g) {
      EXPECT_NEAR(std::log(groups[g].scale / first[g].scale), 0, 0.2) << p.groups[g].front();
      EXPECT_EQ(groups[g].scale,
                p.fixed.contains(g) ? first[g].scale : round_scale(groups[g].scale));
    }
    std::vector<QuantParams> again = groups;
    snap_scales(model.graph, p, again);
    EXPECT_EQ(again, groups) << "what is settled stays";
  }
}

// In which order an engine multiplies and adds, and where it adds the zero point, is then the same:
// the reference scales the whole sum, OpenVINO the products, to which it adds bias and zero point.
TEST(Settle, AccumulatorsAreExactInAnyOrder) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> any(-9, 0);  // of logarithms
  int worse = 0;
  for (int i = 0; i < 1000; ++i) {
    const QuantParams in =
        i == 0 ? kImageParams : params_for_range(-0.3, 20 * std::exp(any(random) / 3));
    QuantParams out = params_for_range(-8, 20 * std::exp(any(random) / 3));
    out.zero_point &= ~1;
    const float first = out.scale / in.scale * std::exp2(any(random) - 2);  // a factor below 1/4
    std::vector<float> scales{first};
    snap_weight_scales(scales, in, out, {});
    EXPECT_NEAR(scales[0] / first, 1, 0.2);
    worse += std::abs(scales[0] / first - 1) > 0.065F ? 1 : 0;
    const float factor = in.scale * scales[0] / out.scale;
    for (int k = 0; k < 200; ++k) {
      // As near to the middle between two steps as sums of integers come.
      const auto steps = static_cast<float>(random() % 512) - 256.5F;
      const auto sum = static_cast<int>(std::nearbyint(steps / factor));
      const int bias = static_cast<int>(static_cast<float>(random() % 200) / factor);
      const float scaled = std::nearbyint(static_cast<float>(sum) * factor) +
                           static_cast<float>(out.zero_point + 128);
      const float other = std::nearbyint(static_cast<float>(sum - bias) * factor +
                                         static_cast<float>(bias) * factor +
                                         static_cast<float>(out.zero_point + 128));
      ASSERT_EQ(scaled, other) << factor << " x " << sum << ", bias " << bias;
    }
    std::vector<float> again = scales;
    snap_weight_scales(again, in, out, {});
    EXPECT_EQ(again, scales) << "what is settled stays";
  }
  EXPECT_LT(worse, 50) << "of 1000";
}

struct Layer {
  QuantParams in, out;
};

Layer any_layer(std::mt19937& random) {
  std::uniform_real_distribution<float> any(-3, 0);  // of logarithms
  const QuantParams in = params_for_range(-0.3, 20 * std::exp(any(random)));
  return {in, params_for_range(-8, 20 * std::exp(any(random)))};
}

// OpenVINO adds the zero point, up to 255 steps, before it rounds.
TEST(Settle, SmallFactorsLeaveRoomForAStepOf255) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> any(-9, 0);  // of logarithms
  for (int i = 0; i < 2000; ++i) {
    const auto [in, out] = any_layer(random);
    const float first = out.scale / in.scale * std::exp2(any(random) - 10);
    std::vector<float> scales{first};
    snap_weight_scales(scales, in, out, {});
    const float units = std::ldexp(in.scale * scales[0] / out.scale, 16);
    EXPECT_EQ(units, std::nearbyint(units)) << "from " << first * in.scale / out.scale;
    EXPECT_GE(units, 1);
    std::vector<float> again = scales;
    snap_weight_scales(again, in, out, {});
    EXPECT_EQ(again, scales) << "what is settled stays";
  }
}

TEST(Settle, FindsFactorsFartherOff) {
  const QuantParams in{.scale = 0x1.9e52p-6F, .zero_point = -100};
  const QuantParams out{.scale = 0x1.b81ap-5F, .zero_point = -20};
  for (const float first : {0x1.20ffacp-8F, 0x1.2981aep-8F, 0x1.1441f4p-7F, 0x1.1cbf24p-8F}) {
    std::vector<float> scales{first};
    snap_weight_scales(scales, in, out, {});
    EXPECT_NEAR(scales[0] / first, 1, 0.13);
    const float in_last_places = std::ldexp(in.scale * scales[0] / out.scale, 15);
    EXPECT_EQ(in_last_places, std::nearbyint(in_last_places)) << first;
  }
}

// Pairs of scales whose ratio has few bits: found among two million random ones.
TEST(Settle, MovesScalesThatHaveNoFactors) {
  const Model model = small_model();
  const Placement p = place_quantizers(model);
  const std::pair<float, float> pairs[] = {
      {0x1.42acp-4F, 0x1.99b6p-6F}, {0x1.51d6p-10F, 0x1.c7dp-8F}, {0x1.8c6cp-6F, 0x1.b61ep-6F}};
  std::mt19937 random(3);
  std::uniform_real_distribution<float> any(-9, -1);  // of logarithms
  for (const auto& [in, out] : pairs) {
    std::vector<QuantParams> groups(p.groups.size(), {0.05F, 0});
    const QuantParams& input = groups[p.group_of.at("all")] = {in, 0};
    const QuantParams& output = groups[p.group_of.at("head")] = {out, 0};
    snap_scales(model.graph, p, groups);
    for (int i = 0; i < 1000; ++i) {
      std::vector<float> scales{output.scale / input.scale * std::exp2(any(random))};
      snap_weight_scales(scales, input, output, {});
      int exponent = 0;
      const float bits =
          std::ldexp(std::frexp(input.scale * scales[0] / output.scale, &exponent), 8);
      EXPECT_EQ(bits, std::nearbyint(bits)) << input.scale << " x " << scales[0];
    }
  }
}

// TensorFlow Lite's fixed point: a multiplier of 31 bits, halves up; a power of two, halves away
// from zero.
int64_t rounded_twice(int64_t sum, double factor) {
  int exponent = 0;
  const auto multiplier =
      static_cast<int64_t>(std::round(std::ldexp(std::frexp(factor, &exponent), 31)));
  const int64_t once = (sum * multiplier + (int64_t{1} << 30)) >> 31;
  return static_cast<int64_t>(std::round(std::ldexp(static_cast<double>(once), exponent)));
}

TEST(Settle, SumsOfEvenWeightsHaveOneResultInEveryArithmetic) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> any(-9, 0);  // of logarithms
  for (int i = 0; i < 1000; ++i) {
    const auto [in, out] = any_layer(random);
    const WeightGrid grid{.bits = 7 + i % 2, .even = true};
    const float first = out.scale / in.scale * std::exp2(any(random) - 2);  // a factor below 1/4
    std::vector<float> scales{first};
    snap_weight_scales(scales, in, out, grid);
    EXPECT_GT(scales[0] / first, std::exp2(-0.16F));
    EXPECT_LT(scales[0] / first, std::exp2(0.86F));
    std::vector<float> again = scales;
    snap_weight_scales(again, in, out, grid);
    EXPECT_EQ(again, scales) << "what is settled stays";
    Conv2d op = conv(1, 1, 1);
    op.weight.values = {-17.3F * scales[0]};
    op.bias.values = {any(random) * out.scale};
    const QuantizedConv q = quantize_conv(op, scales, in, grid);
    EXPECT_EQ(q.weight[0], 2 * -17);
    EXPECT_EQ(q.bias[0] & 1, 1);
    EXPECT_NEAR(q.bias[0] * static_cast<double>(in.scale * q.scales[0]), op.bias.values[0],
                1.001 * in.scale * q.scales[0]);
    const float factor = in.scale * q.scales[0] / out.scale;
    for (int k = 0; k < 200; ++k) {
      // As near to the middle between two steps as such sums come.
      const auto steps = static_cast<float>(random() % 512) - 256.5F;
      const int sum =
          2 * static_cast<int>(steps / factor / 2) + static_cast<int>(random() % 3) * 2 - 1;
      const float once = static_cast<float>(sum) * factor;
      ASSERT_EQ(std::nearbyint(once),
                rounded_twice(sum, static_cast<double>(in.scale) * q.scales[0] / out.scale))
          << factor << " x " << sum;
      ASSERT_EQ(std::nearbyint(once), rounded_twice(sum, factor)) << factor << " x " << sum;
      ASSERT_EQ(std::nearbyint(once), std::floor(once + 0.5F)) << factor << " x " << sum;
      ASSERT_EQ(std::nearbyint(once) + 37, std::nearbyint(once + 37)) << factor << " x " << sum;
    }
  }
}

}  // namespace
}  // namespace octet
