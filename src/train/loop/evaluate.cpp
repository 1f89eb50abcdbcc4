#include "train/loop/evaluate.h"

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "eval/map_evaluator.h"
#include "media/image/image_io.h"
#include "model/passes/passes.h"
#include "train/loop/phases.h"
#include "train/network/graph_executor.h"
#include "vision/letterbox.h"

namespace octet {
namespace {
// Pictures that go through the network together. Convolutions of a single small picture libtorch
// computes without oneDNN: one at 320 takes as long as three in a batch.
constexpr size_t kTogether = 4;

// Collects pictures of one size, in order, and gives what is found in each.
class PictureBatch {
 public:
  using Found = std::function<void(const Sample& sample, Size original, const Detections& found)>;
  PictureBatch(const Forward& forward, const Model& model, Voting voting, Found give)
      : forward_(forward), model_(model), voting_(voting), give_(std::move(give)) {}

  void add(const Sample& sample, LetterboxedPicture picture) {
    const bool fits =
        pictures_.empty() || pictures_.front().second.bytes.sizes() == picture.bytes.sizes();
    if (!fits || pictures_.size() == kTogether) run();
    pictures_.emplace_back(&sample, std::move(picture));
  }

  void run() {
    if (pictures_.empty()) return;
    std::vector<torch::Tensor> bytes;
    for (const auto& [sample, picture] : pictures_) bytes.push_back(picture.bytes);
    const RawBatch raw = raw_batch(model_, forward_(to_unit(torch::cat(bytes))));
    for (size_t i = 0; i < pictures_.size(); ++i) {
      const auto& [sample, picture] = pictures_[i];
      decode(raw, static_cast<int64_t>(i), picture.geometry, {voting_, kMapDecode}, found_);
      give_(*sample, picture.original, found_);
    }
    pictures_.clear();
  }

 private:
  const Forward& forward_;
  const Model& model_;
  Voting voting_;
  Found give_;
  std::vector<std::pair<const Sample*, LetterboxedPicture>> pictures_;
  Detections found_;
};

}  // namespace

RawBatch raw_batch(const Model& model, std::span<const torch::Tensor> outputs) {
  RawBatch batch{.model = model, .outputs = {}};
  for (const torch::Tensor& output : outputs.first(model.outputs().size()))
    batch.outputs.push_back(output.cpu().contiguous());
  return batch;
}

void decode(const RawBatch& batch, int64_t image, const LetterboxGeometry& geometry,
            const DecodeHow& how, Detections& found) {
  const std::vector<Output> meanings = batch.model.outputs();
  std::vector<torch::Tensor> own;
  std::vector<TensorView> views;
  std::vector<Port> ports;
  for (const torch::Tensor& output : batch.outputs) {
    own.push_back(output.narrow(0, image, 1));
    ports.push_back({.name = meanings.at(ports.size()).name(), .shape = own.back().sizes().vec()});
    views.push_back({.data = own.back().data_ptr<float>(), .shape = ports.back().shape});
  }
  Decoder decoder({batch.model.info, Layout::kRaw, geometry.input, ports}, how.voting);
  decoder.decode(views, geometry, how.options, found);
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

Evaluation evaluate(const Model& model, const Dataset& data, const SizeOption& size, Voting voting,
                    const PictureVisitor& visit) {
  GraphExecutor net(fold_batch_norm(model).graph);
  const auto forward = [&](const torch::Tensor& image) {
    return net.forward(image, NormMode::kRunningStatistics);
  };
  return evaluate(forward, model, data, size, voting, visit);
}

Evaluation evaluate(const Forward& forward, const Model& model, const Dataset& data,
                    const SizeOption& size, Voting voting, const PictureVisitor& visit) {
  const torch::NoGradGuard no_grad;
  MapEvaluator evaluator(model.info);
  PictureBatch batch(forward, model, voting,
                     [&](const Sample& sample, Size original, const Detections& found) {
                       const auto& truth = evaluator.add(sample, original, found);
                       if (visit) visit(sample, truth, found);
                     });
  Progress progress(static_cast<int64_t>(data.samples.size()), kValidationPhase);
  int64_t done = 0;
  for (const Sample& sample : data.samples) {
    if (stop_requested()) fail("interrupted while the model looks at the images");
    const Image image = read_image(sample.image);
    const Size input = size.exact ? size.size : fitting_rectangle(size.size.width, image.size());
    batch.add(sample, letterboxed(image, input));
    progress.update(++done);
  }
  batch.run();
  Evaluation e{.boxes = evaluator.boxes().summary(),
               .keypoints = evaluator.keypoints().summary(),
               .precision_curve = evaluator.main().precision_curve()};
  e.metric = std::make_shared<const CocoMetric>(std::move(evaluator).take_main());
  return e;
}

}  // namespace octet
