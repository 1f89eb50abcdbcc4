#include "train/network/compensated_rounding.h"

#include <gtest/gtest.h>

#include "train/network/operators.h"

namespace octet {
namespace {

constexpr int64_t kLimit = 127;

struct Case {
  const char* name;
  Conv2d op;
  int64_t outputs, inputs;  // channels
  int64_t kernel;
};

Conv2d with(int stride, Padding padding, int groups, int dilation) {
  return {.stride = stride,
          .padding = padding,
          .groups = groups,
          .dilation = dilation,
          .weight = {},
          .bias = {}};
}

// Channels that are alike, as those of networks are, and one that is zero.
torch::Tensor alike_inputs(int64_t channels) {
  const torch::Tensor common = torch::randn({4, 1, 12, 12});
  torch::Tensor x = common + torch::randn({4, channels, 12, 12}) * 0.3 + 1;
  x.select(1, channels - 1).zero_();
  return x;
}

class CompensatedRounding : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    torch::manual_seed(3);
    const Case& c = GetParam();
    op_ = c.op;
    weight_ = torch::randn({c.outputs, c.inputs / op_.groups, c.kernel, c.kernel});
    op_.weight.shape = weight_.sizes().vec();
    scales_ = weight_.abs().amax({1, 2, 3}) / 15;  // coarse: steps as of 5 bits
    x_ = alike_inputs(c.inputs);
  }
  torch::Tensor nearest() const {
    const torch::Tensor steps = scales_.view({-1, 1, 1, 1});
    return (weight_ / steps).round().clamp(-kLimit, kLimit) * steps;
  }
  // Mean square of the change of the convolution's output.
  double error(const torch::Tensor& rounded) const {
    return compute(op_, x_, weight_ - rounded, {}).square().mean().item<double>();
  }

  Conv2d op_;
  torch::Tensor weight_, scales_, x_;
};

TEST_P(CompensatedRounding, IsNearerThanTheNearestSteps) {
  const torch::Tensor rounded = round_compensated(op_, weight_, x_, scales_, kLimit);
  EXPECT_LT(error(rounded), 0.8 * error(nearest()));
}

TEST_P(CompensatedRounding, IsOnTheGrid) {
  const torch::Tensor rounded = round_compensated(op_, weight_, x_, scales_, 12);
  ASSERT_EQ(rounded.sizes(), weight_.sizes());
  const torch::Tensor steps = rounded / scales_.view({-1, 1, 1, 1});
  EXPECT_LT((steps - steps.round()).abs().max().item<float>(), 1e-4);
  EXPECT_LE(steps.abs().max().item<float>(), 12 + 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, CompensatedRounding,
                         testing::Values(Case{"Pointwise", with(1, {}, 1, 1), 6, 16, 1},
                                         Case{"Window", with(2, {1, 0, 1, 0}, 1, 1), 6, 8, 3},
                                         Case{"Dilated", with(1, {2, 2, 2, 2}, 1, 2), 6, 8, 3},
                                         Case{"Grouped", with(1, {1, 1, 1, 1}, 2, 1), 6, 8, 3},
                                         Case{"Depthwise", with(1, {1, 1, 1, 1}, 8, 1), 8, 8, 3}),
                         [](const auto& given) { return given.param.name; });

TEST(CompensatedRounding, OfConstantInputsKeepsTheSum) {
  torch::manual_seed(4);
  Conv2d op = with(1, {}, 1, 1);
  const torch::Tensor weight = torch::rand({3, 32, 1, 1});
  op.weight.shape = weight.sizes().vec();
  const torch::Tensor scales = torch::full({3}, 0.1F);
  const torch::Tensor rounded =
      round_compensated(op, weight, torch::ones({1, 32, 4, 4}), scales, kLimit);
  EXPECT_LT((rounded - weight).sum({1, 2, 3}).abs().max().item<float>(), 0.06);
}

}  // namespace
}  // namespace octet
