#include "train/loss/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/file.h"
#include "format/model_file.h"
#include "format/safetensors/safetensors.h"
#include "train/network/device.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

const fs::path kShared = fs::path(OCTET_SOURCE_DIR).parent_path() / "shared/data";

torch::Tensor take(const SafetensorsFile& file, const std::string& name) {
  if (const auto at = file.tensors.find(name); at != file.tensors.end())
    return to_torch(at->second);
  const IntegerData& integers = file.integers.at(name);
  return torch::tensor(integers.values, torch::kInt).view(integers.shape);
}

// The gradient's norm of a parameter by the checkpoint's name. A keypoint convolution was split by
// output channel; its parts are joined again.
double gradient_norm(const GraphExecutor& net, const std::string& name) {
  const size_t dot = name.rfind('.');
  double sum = 0;
  for (const std::string& part : {name, name.substr(0, dot) + ".keypoint" + name.substr(dot),
                                  name.substr(0, dot) + ".visibility" + name.substr(dot)}) {
    const auto found = net.parameters().find(part);
    if (found != net.parameters().end())
      sum += std::pow(found->second.grad().norm().item<double>(), 2);
  }
  return std::sqrt(sum);
}

// Losses and gradients of Ultralytics 8.4.190 on a fixed batch: items within 1e-3, gradient norms
// within 1 %.
void compare(const std::string& task, const std::string& weights, torch::Device device) {
  const auto golden =
      nlohmann::json::parse(read_text_file(kShared / "golden" / (task + "_loss.json")));
  const auto bytes = read_file(kShared / "golden" / (task + "_loss_batch.safetensors"));
  const SafetensorsFile batch = parse_safetensors(bytes, "batch");
  Model model = read_model(kShared / "weights" / weights);
  GraphExecutor net(model.graph);
  net.move_to(device);
  // Ultralytics' loss counts the bins as 0, 1, …, also where the checkpoint's are others.
  std::iota(model.info.head.bins.begin(), model.info.head.bins.end(), 0.0F);
  const Loss loss(model.info, model.outputs());
  Targets targets{.image = take(batch, "batch_idx").to(torch::kLong),
                  .cls = take(batch, "cls").to(torch::kLong),
                  .boxes = take(batch, "bboxes"),
                  .keypoints = {}};
  if (task == "pose") targets.keypoints = take(batch, "keypoints");
  const LossItems items =
      loss(net.forward(take(batch, "img").to(device) / 255, NormMode::kRunningStatistics), targets);
  const auto near = [](double ours, const nlohmann::json& theirs, double relative,
                       const std::string& what) {
    EXPECT_NEAR(ours, theirs.get<double>(), relative * theirs.get<double>()) << what;
  };
  near(items.total.item<double>(), golden["total"], 1e-3, "total");
  near(items.box, golden["items"]["box_loss"], 1e-3, "box");
  near(items.cls, golden["items"]["cls_loss"], 1e-3, "cls");
  near(items.dfl, golden["items"]["dfl_loss"], 1e-3, "dfl");
  if (task == "pose") {
    near(items.keypoint, golden["items"]["pose_loss"], 1e-3, "keypoint");
    near(items.visibility, golden["items"]["kobj_loss"], 1e-3, "visibility");
  }
  items.total.backward();
  for (const auto& [name, norm] : golden["grad_norm"].items())
    near(gradient_norm(net, name), norm, 1e-2, name);
}

// The processor, and a GPU where there is one.
std::vector<torch::Device> devices() {
  std::vector<torch::Device> list{torch::kCPU};
  if (torch::cuda::is_available()) list.push_back(parse_device("cuda:0"));
  return list;
}

TEST(Loss, GoldenDetect) {
  if (!fs::exists(kShared)) GTEST_SKIP() << kShared << " is not there";
  for (const torch::Device device : devices()) compare("detect", "yolov8n.pt", device);
}

TEST(Loss, GoldenPose) {
  if (!fs::exists(kShared)) GTEST_SKIP() << kShared << " is not there";
  for (const torch::Device device : devices()) compare("pose", "yolov8n-pose.pt", device);
}

TEST(CompleteIou, KnownValues) {
  const auto box = [](std::vector<float> v) { return torch::tensor(v); };
  EXPECT_NEAR(complete_iou(box({0, 0, 2, 2}), box({0, 0, 2, 2})).item<double>(), 1, 1e-5);
  // Side by side: IoU 0, centres 2 apart, enclosing box 4 × 2, equal shapes: −4 / 20.
  EXPECT_NEAR(complete_iou(box({0, 0, 2, 2}), box({2, 0, 4, 2})).item<double>(), -0.2, 1e-5);
}

// A model of 64 × 64 with nothing to find: finite, only class loss, gradients everywhere.
TEST(Loss, NoObjects) {
  const Model model =
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt");
  GraphExecutor net(model.graph);
  const Loss loss(model.info, model.outputs());
  const Targets none{.image = torch::zeros({0}, torch::kLong),
                     .cls = torch::zeros({0}, torch::kLong),
                     .boxes = torch::zeros({0, 4}),
                     .keypoints = torch::zeros({0, 17, 3})};
  const LossItems items =
      loss(net.forward(torch::rand({2, 3, 64, 64}), NormMode::kBatchStatistics), none);
  EXPECT_TRUE(std::isfinite(items.total.item<double>()));
  EXPECT_GT(items.cls, 0);
  EXPECT_EQ(items.box, 0);
  items.total.backward();
}

// A model without stride 8: an object between the centres of four cells still has cells of its own.
TEST(Loss, ObjectsBetweenCellsCountWithoutTheFinestScale) {
  ModelInfo info;
  info.names = {"a"};
  info.head = {.strides = {16, 32}, .bins = {0, 1, 2, 3}};
  std::vector<Output> outputs;
  std::vector<torch::Tensor> tensors;
  for (const int stride : info.head.strides) {
    const int side = 64 / stride;
    torch::Tensor box = torch::full({1, 4, 4, side, side}, -9.0);
    box.select(2, 1).fill_(9);  // every side is one stride long
    for (const OutputRole role : {OutputRole::kBox, OutputRole::kClass})
      outputs.push_back({.value = "", .role = role, .stride = stride});
    tensors.push_back(box.flatten(1, 2));
    tensors.push_back(torch::zeros({1, 1, side, side}));
  }
  const Targets targets{.image = torch::zeros({1}, torch::kLong),
                        .cls = torch::zeros({1}, torch::kLong),
                        .boxes = torch::tensor({{0.5, 0.5, 14.0 / 64, 14.0 / 64}}, torch::kFloat),
                        .keypoints = {}};
  EXPECT_GT(Loss(info, outputs)(tensors, targets).box, 0);
}

// The trainer's forward pass and numerical differentiation agree.
TEST(GraphExecutor, GradientsAreThoseOfTheFunction) {
  Graph g;
  const auto random = [](Shape shape) {
    Tensor t{.shape = std::move(shape), .values = {}};
    const torch::Tensor r = torch::randn(t.shape) * 0.3;
    t.values.assign(r.data_ptr<float>(), r.data_ptr<float>() + r.numel());
    return t;
  };
  torch::manual_seed(1);
  g.nodes.push_back(
      {"c",
       Conv2d{.stride = 2, .padding = 1, .weight = random({4, 3, 3, 3}), .bias = random({4})},
       {"image"}});
  g.nodes.push_back({"a", Activation{}, {"c"}});
  g.nodes.push_back({"s", Slice{1, 3}, {"a"}});
  g.nodes.push_back({"p", MaxPool{}, {"s"}});
  g.nodes.push_back({"j", Concat{}, {"a", "p"}});
  g.nodes.push_back({"r", ResizeNearest{2}, {"j"}});
  g.outputs.emplace_back("r");
  GraphExecutor net(g);
  const torch::Tensor image = torch::rand({1, 3, 32, 32});
  const auto value = [&](GraphExecutor& n) {
    return n.forward(image, NormMode::kRunningStatistics)[0].square().sum();
  };
  value(net).backward();
  for (const char* name : {"c.weight", "c.bias"}) {
    const torch::Tensor gradient = net.parameters().at(name).grad();
    for (const int64_t i : {0, 2, 3}) {
      const double step = 1e-3;
      double sides[2];
      for (int s = 0; s < 2; ++s) {
        GraphExecutor moved(g);
        const torch::NoGradGuard no_grad;
        moved.parameters().at(name).select(0, i).add_((s == 0 ? -1 : 1) * step);
        sides[s] = value(moved).item<double>();
      }
      const double numerical = (sides[1] - sides[0]) / (2 * step);
      EXPECT_NEAR(gradient.select(0, i).sum().item<double>(), numerical,
                  2e-2 * std::fabs(numerical))
          << name << i;
    }
  }
}

TEST(GraphExecutor, GivesItsGraphBack) {
  const Model model = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  GraphExecutor net(model.graph);
  const Graph again = net.graph();
  for (size_t i = 0; i < again.nodes.size(); ++i) {
    const auto a = parameters(again.nodes[i].op);
    const auto b = parameters(model.graph.nodes[i].op);
    for (size_t p = 0; p < a.size(); ++p)
      EXPECT_EQ(a[p].tensor->values, b[p].tensor->values) << again.nodes[i].name;
  }
}

}  // namespace
}  // namespace octet
