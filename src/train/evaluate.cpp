#include "train/evaluate.h"

#include <torch/torch.h>

#include <algorithm>

#include "core/error.h"
#include "graph/passes/passes.h"
#include "media/image_io.h"
#include "train/graph_executor.h"
#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {
namespace {
constexpr DecodeOptions kDecode{.score_threshold = 0.001F, .multi_label = true};
}

LetterboxedPicture read_letterboxed(const std::filesystem::path& file, Size input) {
  return letterboxed(read_image(file), input);
}

LetterboxedPicture letterboxed(const Image& image, Size input) {
  torch::Tensor bytes = torch::empty({1, input.height, input.width, 3}, torch::kByte);
  Letterbox letterbox(image.size(), input);
  letterbox.run(view(image), bytes.data_ptr<uint8_t>());
  return {.bytes = bytes.permute({0, 3, 1, 2}),
          .geometry = letterbox.geometry(),
          .original = image.size()};
}

torch::Tensor to_unit(const torch::Tensor& bytes) { return bytes.to(torch::kFloat) / 255; }

Evaluation evaluate(const Model& model, const Dataset& data, const SizeOption& size,
                    const PictureVisitor& visit) {
  GraphExecutor net(fold_batch_norm(model.graph));
  const auto forward = [&](const torch::Tensor& image) {
    return net.forward(image, NormMode::kRunningStatistics);
  };
  return evaluate(forward, model, data, size, visit);
}

void require_labels(const Dataset& data, const std::string& name) {
  const bool any = std::any_of(data.samples.begin(), data.samples.end(),
                               [](const Sample& s) { return !s.objects.empty(); });
  if (!any) fail("{}: no picture has a label; labels lie in 'labels' beside 'images'", name);
}

Evaluation evaluate(const Forward& forward, const Model& model, const Dataset& data,
                    const SizeOption& size, const PictureVisitor& visit) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const Output& o : model.graph.outputs) names.push_back(o.name());
  CocoMetric boxes(MetricKind::kBox);
  CocoMetric keypoints(MetricKind::kKeypoint, model.info.keypoints);
  Detections found;
  for (const Sample& sample : data.samples) {
    const Image image = read_image(sample.image);
    const Size input = size.exact ? size.size : fitting_rectangle(size.size.width, image.size());
    const LetterboxedPicture picture = letterboxed(image, input);
    auto outputs = forward(to_unit(picture.bytes));
    std::vector<TensorView> views;
    std::vector<Shape> shapes;
    for (torch::Tensor& output : outputs) {
      output = output.cpu().contiguous();
      shapes.push_back(output.sizes().vec());
      views.push_back({.data = output.data_ptr<float>(), .shape = shapes.back()});
    }
    Decoder decoder(model.info, Layout::kRaw, input, names, shapes);
    decoder.decode(views, picture.geometry, kDecode, found);
    const auto truth = objects_in_pixels(sample, picture.original);
    boxes.add(truth, found);
    if (model.info.task == Task::kPose) keypoints.add(truth, found);
    if (visit) visit(sample, truth, found);
  }
  CocoMetric& main = model.info.task == Task::kPose ? keypoints : boxes;
  Evaluation e{.boxes = boxes.summary(),
               .keypoints = keypoints.summary(),
               .precision_curve = main.precision_curve()};
  e.metric = std::make_shared<const CocoMetric>(std::move(main));
  return e;
}

}  // namespace octet
