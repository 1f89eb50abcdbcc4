// Measures the mAP of the network in training, with the letterbox, decoding and metric of 'octet
// val'.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "eval/metric/coco_metric.h"
#include "model/model.h"
#include "train/network/network.h"
#include "train/torch.h"
#include "vision/decode.h"
#include "vision/image.h"
#include "vision/letterbox.h"

namespace octet {

struct Evaluation {
  CocoSummary boxes, keypoints;
  std::vector<double> precision_curve;       // of the task's metric, at recalls 0, 0.01, … 1
  std::shared_ptr<const CocoMetric> metric;  // the task's

  // The figure that "best" compares: mAP50-95 of keypoints for pose, else of boxes.
  [[nodiscard]] double fitness(Task task) const {
    return task == Task::kPose ? keypoints.map50_95 : boxes.map50_95;
  }
};

// Called with the objects and detections of every image, in pixels of the image.
using PictureVisitor = std::function<void(
    const Sample& sample, const std::vector<TruthObject>& truth, const Detections& found)>;

// `size`: one side means the rectangle that fits each picture. Throws an Error when it is interrupted.
[[nodiscard]] Evaluation evaluate(const Forward& forward, const Model& model, const Dataset& data,
                                  const SizeOption& size, Voting voting,
                                  const PictureVisitor& visit = {});
// Of a float model.
[[nodiscard]] Evaluation evaluate(const Model& model, const Dataset& data, const SizeOption& size,
                                  Voting voting, const PictureVisitor& visit = {});

// The raw outputs of a batch, float in the processor's memory, in the order of model.outputs().
struct RawBatch {
  const Model& model;
  std::vector<torch::Tensor> outputs;  // (N, C, h, w)
};
// Moves outputs to the processor where they are not. Those behind the model's are left out.
[[nodiscard]] RawBatch raw_batch(const Model& model, std::span<const torch::Tensor> outputs);

struct DecodeHow {
  Voting voting = Voting::kNone;
  DecodeOptions options;
};
// Decodes one image of a batch. `geometry` is that of the image; `found` is in its pixels.
void decode(const RawBatch& batch, int64_t image, const LetterboxGeometry& geometry,
            const DecodeHow& how, Detections& found);

// An image as the network's input: bytes (1, 3, H, W).
struct LetterboxedPicture {
  torch::Tensor bytes;
  LetterboxGeometry geometry;
  Size original;
};
[[nodiscard]] LetterboxedPicture letterboxed(const Image& image, Size input);
[[nodiscard]] LetterboxedPicture read_letterboxed(const std::filesystem::path& file, Size input);
[[nodiscard]] torch::Tensor to_unit(const torch::Tensor& bytes);  // float in [0, 1]

}  // namespace octet
