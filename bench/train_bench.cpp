// A step of training: float with BatchNorm, and quantization-aware with a teacher.
//   build/bin/octet_train_bench --benchmark_repetitions=5
//   --benchmark_enable_random_interleaving=true
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <thread>

#include "format/model_file.h"
#include "model/passes/passes.h"
#include "quant/params.h"
#include "train/loop/optimizer.h"
#include "train/loss/distill.h"
#include "train/loss/loss.h"
#include "train/network/float_network.h"
#include "train/network/quantized_network.h"

namespace octet {
namespace {

constexpr int64_t kBatch = 8, kSide = 320, kObjects = 7;

Model model() { return read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors"); }

torch::Tensor picture() {
  torch::manual_seed(1);
  return torch::rand({kBatch, 3, kSide, kSide});
}

Targets targets() {
  const int64_t count = kBatch * kObjects;
  return {.image = torch::arange(kBatch).repeat_interleave(kObjects),
          .cls = torch::randint(80, {count}),
          .boxes = torch::rand({count, 4}) * 0.4 + 0.3,
          .keypoints = {}};
}

ParameterGroup all(const TrainableNetwork& net) {
  ParameterGroup group{.names = {}, .learning_rate = 1e-6};
  for (const auto& [name, value] : net.parameters()) group.names.push_back(name);
  return group;
}

void use_all_cores() {
  at::set_num_threads(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

void BM_FloatStep(benchmark::State& state) {
  use_all_cores();
  const Model m = model();
  FloatNetwork net(m);
  const Loss loss(m.info, m.outputs());
  Optimizer optimizer(OptimizerKind::kSgd, net.parameters(), {all(net)});
  const torch::Tensor image = picture();
  const Targets t = targets();
  for (auto _ : state) {
    optimizer.zero_grad();
    loss(net.forward(image), t).total.backward();
    optimizer.step();
  }
}

void BM_QuantizedStep(benchmark::State& state) {
  use_all_cores();
  Model m = model();
  m = fold_batch_norm(std::move(m));
  const Placement placement = place_quantizers(m);
  Scales scales;
  for (const auto& group : placement.groups)
    scales.groups.push_back(group.front() == m.graph.input ? kImageParams
                                                           : params_for_range(-0.3, 8));
  for (const Node& node : m.graph.nodes) {
    if (placement.convs.contains(node.name))
      scales.weights[node.name] = weight_scales(std::get<Conv2d>(node.op).weight, {});
  }
  QuantizedNetwork net(m, placement, scales);
  GraphExecutor teacher(m.graph);
  const Distillation distance(m);
  Optimizer optimizer(OptimizerKind::kAdamW, net.parameters(), {all(net)});
  const torch::Tensor image = picture();
  for (auto _ : state) {
    optimizer.zero_grad();
    std::vector<torch::Tensor> wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = teacher.forward(image, NormMode::kRunningStatistics);
    }
    distance(net.forward(image), wanted).backward();
    optimizer.step();
  }
}

BENCHMARK(BM_FloatStep)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_QuantizedStep)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace octet
