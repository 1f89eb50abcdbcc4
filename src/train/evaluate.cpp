#include "train/evaluate.h"

#include <torch/torch.h>

#include "graph/passes/passes.h"
#include "media/image_io.h"
#include "train/graph_executor.h"
#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {
namespace {
constexpr DecodeOptions kDecode{.score_threshold = 0.001F, .multi_label = true};
}

Evaluation evaluate(const Model& model, const Dataset& data, Size input) {
  const torch::NoGradGuard no_grad;
  GraphExecutor net(fold_batch_norm(model.graph));
  std::vector<std::string> names;
  for (const Output& o : model.graph.outputs) names.push_back(o.name());
  CocoMetric boxes(MetricKind::kBox);
  CocoMetric keypoints(MetricKind::kKeypoint, model.info.keypoints);
  Detections found;
  torch::Tensor pixels = torch::empty({1, input.height, input.width, 3}, torch::kByte);
  for (const Sample& sample : data.samples) {
    const Image image = read_image(sample.image);
    Letterbox letterbox(image.size(), input);
    letterbox.run(view(image), pixels.data_ptr<uint8_t>());
    auto outputs = net.forward(pixels.permute({0, 3, 1, 2}).to(torch::kFloat) / 255,
                               NormMode::kRunningStatistics);
    std::vector<TensorView> views;
    std::vector<Shape> shapes;
    for (torch::Tensor& output : outputs) {
      output = output.contiguous();
      shapes.push_back(output.sizes().vec());
      views.push_back({.data = output.data_ptr<float>(), .shape = shapes.back()});
    }
    Decoder decoder(model.info, Layout::kRaw, input, names, shapes);
    decoder.decode(views, letterbox.geometry(), kDecode, found);
    const auto truth = objects_in_pixels(sample, image.size());
    boxes.add(truth, found);
    if (model.info.task == Task::kPose) keypoints.add(truth, found);
  }
  return {.boxes = boxes.summary(), .keypoints = keypoints.summary()};
}

}  // namespace octet
