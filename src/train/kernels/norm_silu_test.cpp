#include "train/kernels/norm_silu.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "format/model_file.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {

struct Case {
  torch::Tensor x, gamma, beta, mean, variance, weight;  // the weight makes outputs a number

  explicit Case(std::vector<int64_t> shape) {
    const int64_t channels = shape[1];
    x = (torch::randn(shape) * 2 + torch::arange(channels).view({1, -1, 1, 1}) * 0.3)
            .contiguous(at::MemoryFormat::ChannelsLast);
    gamma = torch::rand({channels}) + 0.5;
    beta = torch::randn({channels});
    mean = torch::randn({channels});
    variance = torch::rand({channels}) + 0.5;
    weight = torch::randn(shape);
  }
};

// Output, gradients of x, gamma and beta, running mean and variance.
std::vector<torch::Tensor> run(const Case& c, torch::ScalarType type, bool joined) {
  const auto leaf = [](const torch::Tensor& t) { return t.clone().requires_grad_(true); };
  const torch::Tensor x = leaf(c.x.to(type)), gamma = leaf(c.gamma), beta = leaf(c.beta);
  const torch::Tensor mean = c.mean.clone(), variance = c.variance.clone();
  const torch::Tensor y =
      joined ? norm_silu(x, {gamma, beta, mean, variance, 0.03, 1e-3})
             : torch::silu(torch::batch_norm(x.to(torch::kDouble), gamma.to(torch::kDouble),
                                             beta.to(torch::kDouble), mean, variance, true, 0.03,
                                             1e-3, false));
  (y * c.weight).sum().backward();
  return {y.detach(), x.grad(), gamma.grad(), beta.grad(), mean, variance};
}

void expect_equal(const Case& c, torch::ScalarType type, double tolerance) {
  Case reference = c;
  reference.mean = c.mean.to(torch::kDouble);
  reference.variance = c.variance.to(torch::kDouble);
  const auto ours = run(c, type, true), wanted = run(reference, type, false);
  const char* names[] = {"y", "dx", "dgamma", "dbeta", "mean", "variance"};
  for (size_t i = 0; i < ours.size(); ++i) {
    const torch::Tensor a = ours[i].to(torch::kDouble), b = wanted[i].to(torch::kDouble);
    EXPECT_LT(((a - b).abs().max() / b.abs().max()).item<double>(), tolerance) << names[i];
  }
}

// Rows that are cut short, a row that is not repeated, more than one block, one channel, one pixel.
TEST(NormSilu, IsBatchNormAndSiluWithTheirGradients) {
  torch::manual_seed(3);
  for (const auto& shape : std::vector<std::vector<int64_t>>{
           {2, 16, 5, 7}, {1, 300, 3, 3}, {4, 24, 40, 40}, {3, 1, 4, 4}, {8, 40, 1, 1}}) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    expect_equal(Case(shape), torch::kFloat, 2e-5);
    expect_equal(Case(shape), torch::kBFloat16, 2e-2);
  }
}

TEST(NormSilu, KeepsWhatALargeMeanWouldLose) {
  torch::manual_seed(4);
  Case c({2, 16, 16, 16});
  c.x = c.x + 1000;
  expect_equal(c, torch::kFloat, 1e-4);
}

TEST(NormSilu, WhatIsNotANumberStaysSo) {
  torch::manual_seed(5);
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    Case c({1, 16, 4, 4});
    c.x[0][3][2][2] = std::numeric_limits<float>::quiet_NaN();
    const torch::Tensor y = run(c, type, true)[0];
    EXPECT_TRUE(y[0][3].isnan().all().item<bool>());
    EXPECT_EQ(y.isnan().sum().item<int64_t>(), 16);
  }
}

TEST(NormSilu, EndsOfTheExponential) {
  const torch::Tensor x = torch::tensor({-300.0F, 300.0F}).view({2, 1, 1, 1});
  const torch::Tensor one = torch::ones({1});
  const torch::Tensor y =
      norm_silu(x, {one * 200, torch::zeros({1}), one.clone(), one.clone(), 0.03, 1e-3});
  EXPECT_NEAR(y[0].item<float>(), 0, 1e-20);
  EXPECT_NEAR(y[1].item<float>(), 200, 1e-3);
}

// Values that something else wants are computed apart: here all that BatchNorms give.
TEST(NormSilu, StandsForBatchNormAndSiluInANetwork) {
  const Model model = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  std::vector<std::string> norms;
  for (const Node& node : model.graph.nodes) {
    if (std::holds_alternative<BatchNorm>(node.op)) norms.push_back(node.name);
  }
  torch::manual_seed(6);
  const torch::Tensor image = torch::rand({4, 3, 128, 128});
  GraphExecutor joined(model.graph), apart(model.graph);
  const auto a = joined.forward(image, NormMode::kBatchStatistics);
  const auto b = apart.forward(image, NormMode::kBatchStatistics, norms);
  const auto near = [](const torch::Tensor& x, const torch::Tensor& y, const std::string& what) {
    // The deepest layers divide by the deviation of few pixels, which lets rounding grow.
    EXPECT_LT((x - y).norm().item<double>(), 1e-2 * y.norm().item<double>() + 1e-6) << what;
  };
  std::string silu;
  for (const Node& node : model.graph.nodes) {
    if (silu.empty() && std::holds_alternative<Activation>(node.op)) silu = node.name;
  }
  const auto made_by = [&](std::vector<std::string> also) {
    also.push_back(silu);
    return GraphExecutor(model.graph)
        .forward(image, NormMode::kBatchStatistics, also)
        .back()
        .grad_fn()
        ->name();
  };
  EXPECT_NE(made_by({}), made_by(norms)) << "nothing is joined";
  torch::Tensor sum_a = torch::zeros({}), sum_b = torch::zeros({});
  for (size_t i = 0; i < a.size(); ++i) {
    near(a[i], b[i], model.graph.outputs[i]);
    sum_a = sum_a + a[i].square().mean();
    sum_b = sum_b + b[i].square().mean();
  }
  sum_a.backward();
  sum_b.backward();
  for (const auto& [name, value] : joined.parameters())
    near(value.grad(), apart.parameters().at(name).grad(), name);
  for (const auto& [name, value] : joined.buffers()) near(value, apart.buffers().at(name), name);
}

}  // namespace
}  // namespace octet
