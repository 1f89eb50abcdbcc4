// The distance of a network's raw outputs from those of its float network. Each output has a loss of
// its own, scaled by what a decoder does with it:
//   heat map, centre   what the peak says: squared error of probabilities, and the divergence of the
//                      places that the sharpened maps show
//   offset, regress    error in cells, at the cells that the teacher's map points to
//   points             error in parts of the input's side
//   visibility, presence   divergence
//   any other          squared error in parts of the variance that the float network's values have
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/model.h"
#include "train/torch.h"

namespace octet {

struct RawGains {
  double score = 1.0, place = 1.0;     // of heat maps and the centre
  double offset = 1.0, regress = 0.1;  // regress only says which peak is meant
  double points = 50.0;
  double visibility = 1.0, presence = 1.0;
  double other = 1.0;   // without a PoseHead
  double beside = 0.1;  // of an output that the PoseHead does not name
};

class RawDistance {
 public:
  // `model`: a network with raw outputs. `usual`: what the float network gives for some images, which
  // tells how far values are apart.
  RawDistance(const Model& model, const std::vector<torch::Tensor>& usual, RawGains gains = {});

  // Both as GraphExecutor::forward() gives them, for images of the model's input size. Returns a
  // number for each output, with its gain and with a gradient for the student.
  [[nodiscard]] std::vector<torch::Tensor> parts(const std::vector<torch::Tensor>& student,
                                                 const std::vector<torch::Tensor>& teacher) const;
  // Their sum.
  [[nodiscard]] torch::Tensor operator()(const std::vector<torch::Tensor>& student,
                                         const std::vector<torch::Tensor>& teacher) const;

 private:
  using Tensors = std::vector<torch::Tensor>;
  [[nodiscard]] std::optional<PosePart> part_of(const Output& output) const;
  [[nodiscard]] torch::Tensor part(size_t output, const Tensors& student,
                                   const Tensors& teacher) const;
  // (N, C, cells), the probabilities of a map.
  [[nodiscard]] torch::Tensor probabilities(const torch::Tensor& map) const;
  [[nodiscard]] torch::Tensor map_distance(const torch::Tensor& student,
                                           const torch::Tensor& teacher) const;
  // Of 2K numbers a cell; `map` (N, 1 or K, h, w) is the teacher's.
  [[nodiscard]] torch::Tensor shift_distance(const torch::Tensor& student,
                                             const torch::Tensor& teacher, const torch::Tensor& map,
                                             bool in_pixels) const;
  // `variance`: of the numbers behind x and y.
  [[nodiscard]] torch::Tensor point_distance(const torch::Tensor& student,
                                             const torch::Tensor& teacher, double variance) const;
  // The numbers of each point in turn, (N, points, numbers).
  [[nodiscard]] torch::Tensor points(const torch::Tensor& output) const;
  [[nodiscard]] double variance_of(const Output& output, const torch::Tensor& usual) const;
  [[nodiscard]] torch::Tensor score_distance(const torch::Tensor& student,
                                             const torch::Tensor& teacher, bool logits) const;

  std::optional<PoseHead> head_;
  std::vector<Output> outputs_;
  std::vector<double> variances_;  // of each output
  Size input_;
  RawGains gains_;
};

}  // namespace octet
