#include "train/network/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/lazy/core/lazy_graph_executor.h>
#include <torch/csrc/lazy/ts_backend/ts_backend_impl.h>

#include "core/cpu.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "testing/testing.h"
#include "train/loop/trainer.h"
#include "train/loss/distill.h"
#include "train/loss/loss.h"
#include "train/network/fake_quant.h"
#include "train/network/graph_executor.h"
#include "train/network/partial_run.h"
#include "train/network/quantized_network.h"
#include "train/quantize/calibrate.h"

namespace octet {
namespace {

using testing::HasSubstr;

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

Model read_tiny(const std::string& file) {
  return read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/" + file);
}

// A GPU; else a device that is not the processor and that every libtorch has: its tensors hold what
// is to be computed, and none can meet a tensor of the processor.
torch::Device other_device() {
  if (torch::cuda::is_available()) return parse_device("cuda:0");
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
  if (other_device().is_cuda()) return;
  torch::lazy::LazyGraphExecutor::Get()->SyncLiveTensorsGraph(nullptr, {}, true);
}

// One number that every output is made of.
class OneNumber : public TrainableNetwork {
 public:
  explicit OneNumber(Model model) : model_(std::move(model)) {
    parameters_["a.weight"] = torch::ones({1}).requires_grad_(true);
    buffers_["a.mean"] = torch::zeros({1});
  }
  std::vector<torch::Tensor> forward(const torch::Tensor& image) override {
    compute_all();
    const torch::Tensor& number = parameters_.at("a.weight");
    const auto outputs =
        GraphExecutor(model_.graph).forward(image.cpu(), NormMode::kRunningStatistics);
    std::vector<torch::Tensor> list;
    for (const torch::Tensor& o : outputs) list.push_back(o.detach().to(number.device()) * number);
    return list;
  }
  Forward inference() override {
    return [this](const torch::Tensor& image) { return forward(image); };
  }
  void move_to(torch::Device device) override {
    for (Tensors* tensors : {&parameters_, &buffers_}) {
      for (auto& [name, value] : *tensors) value = moved(value, device);
    }
  }
  const Tensors& parameters() const override { return parameters_; }
  const Tensors& buffers() const override { return buffers_; }
  Model model() const override { return model_; }
  double number() const { return parameters_.at("a.weight").item<double>(); }

 private:
  Model model_;
  Tensors parameters_, buffers_;
};

void expect_close(const std::vector<torch::Tensor>& found,
                  const std::vector<torch::Tensor>& wanted) {
  ASSERT_EQ(wanted.size(), found.size());
  double power = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto norm = wanted[i].norm().item<double>();
    power += norm;
    EXPECT_LE((wanted[i] - found[i]).norm().item<double>(), 1e-2 * norm + 1e-3) << i;
  }
  EXPECT_GT(power, 0);
}

TEST(Threads, AreOnePerUsableCoreUnlessTold) {
  use_threads(1);
  EXPECT_EQ(at::get_num_threads(), 1);
  use_threads(0);
  EXPECT_EQ(at::get_num_threads(), usable_cores());
}

// Values and weights, each with its gradients for what is quantized and for the scales.
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
    const torch::Tensor scales = leaf(torch::full({8}, 0.02F));
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

// Items alone: the slopes that libtorch itself gives for joined tensors on that device are wrong.
TEST(Device, HasTheLossOfTheProcessor) {
  const torch::Tensor image = torch::rand({2, 3, 64, 64});
  for (const char* file : {"v8.4.190-detect3.pt", "v8.4.190-pose1-half-ema.pt"}) {
    const Model model = read_tiny(file);
    const int keypoints = model.info.head.keypoints;
    Targets targets{.image = torch::tensor({0, 0, 1}, torch::kLong),
                    .cls = torch::zeros({3}, torch::kLong),
                    .boxes = torch::tensor({0.5F, 0.5F, 0.4F, 0.6F, 0.3F, 0.3F, 0.2F, 0.2F, 0.6F,
                                            0.5F, 0.7F, 0.9F})
                                 .view({3, 4}),
                    .keypoints = {}};
    if (keypoints > 0) targets.keypoints = torch::rand({3, keypoints, 3});
    const auto outputs = [&] {
      const torch::NoGradGuard no_grad;
      return GraphExecutor(model.graph).forward(image, NormMode::kRunningStatistics);
    }();
    const auto run = [&](torch::Device device) {
      std::vector<torch::Tensor> given;
      for (const torch::Tensor& o : outputs) given.push_back(o.contiguous().to(device));
      const LossItems items = Loss(model.info, model.outputs())(given, targets);
      std::vector<torch::Tensor> all{items.total.cpu()};
      for (const double item : {items.box, items.cls, items.dfl, items.keypoint, items.visibility})
        all.push_back(torch::tensor(item));
      return all;
    };
    expect_close(run(torch::kCPU), run(other_device()));
  }
}

// Optimizer, averages, what is written, and what is read again.
TEST(Device, TrainsAsTheProcessorDoes) {
  const Model model = select_classes(read_tiny("v8.4.190-detect3.pt"), pictures().names, 0);
  const auto run = [&](const TemporaryFolder& folder, torch::Device device) {
    OneNumber network(model);
    const auto on_batch = [](const auto& outputs, const torch::Tensor&, const Targets&) {
      LossItems items;
      items.total = outputs[0].square().mean();
      return items;
    };
    TrainOptions options{.epochs = 3, .side = 64, .batch = 4, .optimizer = OptimizerKind::kAdamW};
    options.device = device;
    options.folder = folder.path();
    TrainingTask task{.network = network, .loss = on_batch};
    task.before_epoch = [&](double progress, WeightAverage&) {
      if (progress > 0.5 && !options.resume) fail("cut off");
    };
    EXPECT_EQ(error_of([&] { (void)train(task, pictures(), pictures(), options); }), "cut off");
    options.resume = true;
    (void)train(task, pictures(), pictures(), options);
    return network.number();
  };
  const TemporaryFolder here;
  const TemporaryFolder there;
  const double wanted = run(here, torch::kCPU);
  EXPECT_LT(wanted, 0.9999);
  EXPECT_NEAR(run(there, other_device()), wanted, 1e-5);
}

// The outputs of a network of integers, their distance from the float network's, and the slopes of
// everything that is learned.
TEST(Device, TrainsIntegersAsTheProcessorDoes) {
  for (const char* file : {"v8.4.190-detect3.pt", "v8.4.190-pose1-half-ema.pt"}) {
    Model model = read_tiny(file);
    model = fold_batch_norm(std::move(model));
    const Placement placement = place_quantizers(model);
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
      std::vector<torch::Tensor> far;
      for (const torch::Tensor& o : wanted) far.push_back(o * 4);
      all.push_back(Distillation(model)(far, wanted));
      all.push_back(feature_distance(far, wanted));
      EXPECT_GT(all[far.size()].item<double>(), 0.1);
      sum.backward();
      for (const auto& [name, value] : network.parameters()) {
        if (value.grad().defined()) all.push_back(value.grad());
      }
      if (!device.is_cpu()) compute_all();
      for (torch::Tensor& t : all) t = t.detach().cpu();
      return all;
    };
    expect_close(run(torch::kCPU), run(other_device()));
  }
}

// What calibration judges ranges by.
TEST(Device, RunsPartsAsTheProcessorDoes) {
  Model model = read_tiny("v8.4.190-detect3.pt");
  model = fold_batch_norm(std::move(model));
  const Placement placement = place_quantizers(model);
  PartialQuantization part;
  for (const auto& [value, group] : placement.group_of) part.values[value] = {0.03F, -100};
  const torch::Tensor image = calibration_batch(pictures(), 2, 64);
  const auto run = [&](torch::Device device) {
    GraphExecutor net(model.graph);
    net.move_to(device);
    std::vector<torch::Tensor> all;
    PartialRun given(net, image.to(device));
    for (const torch::Tensor& o : given.outputs(part)) all.push_back(o.detach().cpu());
    return all;
  };
  expect_close(run(torch::kCPU), run(other_device()));
}

TEST(Device, HasAName) {
  EXPECT_TRUE(parse_device("cpu").is_cpu());
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda0", "cuda:1:2"})
    EXPECT_THAT(error_of([&] { (void)parse_device(wrong); }), HasSubstr("is expected")) << wrong;
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is a GPU";
  EXPECT_THAT(error_of([] { (void)parse_device("cuda:0"); }), HasSubstr("no GPU can be used"));
}

}  // namespace
}  // namespace octet
