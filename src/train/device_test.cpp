#include "train/device.h"

#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/lazy/core/lazy_graph_executor.h>
#include <torch/csrc/lazy/ts_backend/ts_backend_impl.h>

#include "core/testing.h"
#include "format/model_file.h"
#include "graph/passes/passes.h"
#include "quant/params.h"
#include "train/calibrate.h"
#include "train/distill.h"
#include "train/fake_quant.h"
#include "train/float_network.h"
#include "train/loss.h"
#include "train/quantized_network.h"
#include "train/trainer.h"

namespace octet {
namespace {

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

Model tiny() {
  const Model model = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  return with_classes(model, pictures().names, 0);
}

// A device that is not the processor and that every libtorch has: its tensors hold what is to be
// computed, and none can meet a tensor of the processor.
torch::Device other_device() {
  static const bool once = [] {
    torch::lazy::InitTorchScriptBackend();
    torch::jit::getProfilingMode() = false;  // nothing is computed often enough
    torch::jit::getExecutorMode() = false;
    return true;
  }();
  (void)once;
  return {torch::kLazy, 0};
}

// Computes what its tensors hold once, not again for each that is looked at.
void compute_all() {
  (void)other_device();
  torch::lazy::LazyGraphExecutor::Get()->SyncLiveTensorsGraph(nullptr, {}, true);
}

class SteppingNetwork : public FloatNetwork {
 public:
  using FloatNetwork::FloatNetwork;
  std::vector<torch::Tensor> forward(const torch::Tensor& image) override {
    compute_all();
    auto outputs = FloatNetwork::forward(image);
    compute_all();
    return outputs;
  }
  Model model() const override {
    compute_all();
    return FloatNetwork::model();
  }
};

void expect_close(const std::filesystem::path& file, const std::filesystem::path& other,
                  double most) {
  const Model a = read_model(file);
  const Model b = read_model(other);
  for (const Node& node : a.graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    const auto& there = std::get<Conv2d>(b.graph.find(node.name)->op);
    ASSERT_EQ(conv->weight.values.size(), there.weight.values.size());
    for (size_t i = 0; i < conv->weight.values.size(); ++i)
      ASSERT_NEAR(conv->weight.values[i], there.weight.values[i], most) << node.name;
  }
}

// Both, each with its gradients for what is quantized and for the scales.
TEST(Device, QuantizesAsTheProcessorDoes) {
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({2, 8, 5, 5}) * 3;
  const torch::Tensor up = torch::randn_like(x);
  const torch::Tensor weight = torch::randn({8, 4, 3, 3});
  const torch::Tensor up_weight = torch::randn_like(weight);
  const auto run = [&](torch::Device device) {
    const auto leaf = [&](const torch::Tensor& t) {
      return moved(t.clone(), device).requires_grad_();
    };
    const torch::Tensor v = leaf(x);
    const torch::Tensor w = leaf(weight);
    const LearnedParams in{.scale = leaf(torch::full({1}, 0.05F)), .zero_point = -10};
    const LearnedParams out{.scale = leaf(torch::full({1}, 0.04F)), .zero_point = -120};
    const torch::Tensor scales = leaf(torch::rand({8}) * 0 + 0.02F);
    const torch::Tensor y = fake_quantized_activation(v, ActivationKind::kSilu, in, out);
    const torch::Tensor z = fake_quantize_weight(w, scales, 63);
    ((y * up.to(device)).sum() + (z * up_weight.to(device)).sum()).backward();
    std::vector<torch::Tensor> all{
        y, z, v.grad(), w.grad(), in.scale.grad(), out.scale.grad(), scales.grad()};
    for (torch::Tensor& t : all) t = t.detach().cpu();
    return all;
  };
  const auto wanted = run(torch::kCPU);
  const auto found = run(other_device());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_GT(wanted[i].abs().max().item<double>(), 0) << i;
    EXPECT_TRUE(torch::allclose(found[i], wanted[i], 1e-4, 1e-6)) << i;
  }
}

TEST(Device, TrainsAsTheProcessorDoes) {
  const Loss loss(tiny().info, tiny().graph.outputs);
  const auto run = [&](const TemporaryFolder& folder, torch::Device device) {
    SteppingNetwork network(tiny());
    const auto on_batch = [&](const auto& outputs, const torch::Tensor&, const Targets& targets) {
      return loss(outputs, targets);
    };
    return train({.network = network, .loss = on_batch}, pictures(), pictures(),
                 {.epochs = 1,
                  .side = 64,
                  .batch = 12,
                  .optimizer = OptimizerKind::kAdamW,
                  .device = device,
                  .folder = folder.path()})
        .epochs;
  };
  const TemporaryFolder here;
  const TemporaryFolder there;
  const auto a = run(here, torch::kCPU);
  const auto b = run(there, other_device());
  EXPECT_NEAR(a[0].loss.box, b[0].loss.box, 1e-3);
  EXPECT_NEAR(a[0].loss.cls, b[0].loss.cls, 1e-3);
  EXPECT_NEAR(a[0].loss.dfl, b[0].loss.dfl, 1e-3);
  expect_close(here / "last.safetensors", there / "last.safetensors", 2e-3);
}

// The outputs of a network of integers, their distance from the float network's, and the slopes of
// everything that is learned.
TEST(Device, TrainsIntegersAsTheProcessorDoes) {
  Model model = tiny();
  model.graph = fold_batch_norm(std::move(model.graph));
  const Placement placement = place_quantizers(model.graph);
  const Calibration c =
      calibrate(model, placement, pictures(), {.side = 64, .pictures = 4, .tried = 1});
  const torch::Tensor image = calibration_batch(pictures(), 2, 64);
  const auto run = [&](torch::Device device) {
    QuantizedNetwork network(model, placement, c.scales);
    GraphExecutor teacher(model.graph);
    network.move_to(device);
    teacher.move_to(device);
    std::vector<torch::Tensor> all = network.forward(image.to(device));
    const auto wanted = teacher.forward(image.to(device), NormMode::kRunningStatistics);
    torch::Tensor sum = torch::zeros({1}, all[0].options());
    for (const torch::Tensor& o : all) sum = sum + o.square().sum();
    all.push_back(Distillation(model)(all, wanted));
    all.push_back(feature_distance(wanted, all));
    sum.backward();
    for (const auto& [name, value] : network.parameters()) {
      if (value.grad().defined()) all.push_back(value.grad());
    }
    if (!device.is_cpu()) compute_all();
    for (torch::Tensor& t : all) t = t.detach().cpu();
    return all;
  };
  const auto wanted = run(torch::kCPU);
  const auto found = run(other_device());
  ASSERT_EQ(wanted.size(), found.size());
  for (size_t i = 0; i < wanted.size(); ++i)
    EXPECT_LE((wanted[i] - found[i]).norm().item<double>(), 1e-2 * wanted[i].norm().item<double>())
        << i;
}

TEST(Device, HasAName) {
  EXPECT_TRUE(parse_device("cpu").is_cpu());
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda0", "cuda:1:2"})
    EXPECT_NE(error_of([&] { (void)parse_device(wrong); }).find("is expected"), std::string::npos)
        << wrong;
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is a GPU";
  EXPECT_NE(error_of([] { (void)parse_device("cuda:0"); }).find("no GPU can be used"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
