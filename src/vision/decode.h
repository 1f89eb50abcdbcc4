// Decodes the outputs of a network to detections, for every engine. It selects candidates by class
// logits, decodes boxes (DFL) and keypoints of these only, applies class-aware non-maximum
// suppression, and converts everything to pixels of the source image.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/tensor_view.h"
#include "vision/checked_outputs.h"
#include "vision/detections.h"
#include "vision/letterbox.h"

namespace octet {

// The source of the box and keypoints of a detection.
enum class Voting {
  kNone,  // the best cell, as in Ultralytics
  // Box voting (Gidaris and Komodakis, 2015): the mean over the best cell and the suppressed cells
  // with nearly the same box, weighted by their scores. For int8 models, whose cells all round
  // differently.
  kMean
};

struct DecodeOptions {
  float score_threshold = 0.25F;
  float iou_threshold = 0.7F;
  int max_detections = 300;
  bool multi_label =
      false;  // every class above the threshold, as mAP is measured; else the best class of a cell
};

// A decoder for one network. It owns scratch memory, so one thread at a time may use it.
//
//   Decoder decoder(checked_outputs, Voting::kNone);
//   decoder.decode(outputs, geometry, options, detections);
class Decoder {
 public:
  Decoder(CheckedOutputs network, Voting voting);

  // `outputs` are float32 or int8, in the order of the network's ports. Reuses `out`.
  void decode(std::span<const TensorView> outputs, const LetterboxGeometry& geometry,
              const DecodeOptions& options, Detections& out);

 private:
  using Level = CheckedOutputs::Level;
  struct Candidate {
    float score = 0;  // a logit where outputs are raw, else a probability
    int class_index = 0, level = 0, cell = 0;
    PixelBox box;          // in network pixels
    float off_centre = 0;  // distance of the centres of cell and box, in strides; of equal scores,
                           // which integers often are, the smallest distance goes first
    int next_voter = -1;   // in candidates_
  };

  void select_final(const TensorView& rows, float threshold);
  void select(const TensorView& scores, int level, float threshold, const DecodeOptions& options);
  void select_planes(const float* scores, int level, float threshold, const DecodeOptions& options);
  template <typename T>
  void select_rows(const TensorView& scores, int level, T threshold, const DecodeOptions& options);
  void decode_box(std::span<const TensorView> outputs, Candidate& candidate);
  void suppress(const DecodeOptions& options);
  std::span<const TensorView> parts_of(std::span<const TensorView> outputs);
  [[nodiscard]] float probability(const Candidate& candidate) const;
  template <size_t kValues, typename ValuesOf>
  [[nodiscard]] std::array<float, kValues> vote(size_t kept, const ValuesOf& values_of) const;
  [[nodiscard]] std::array<float, 2> offset(std::span<const TensorView> outputs, const Level& level,
                                            size_t keypoint, size_t cell) const;
  [[nodiscard]] std::array<float, 3> keypoint(std::span<const TensorView> outputs, size_t index,
                                              const Candidate& candidate) const;
  void append(std::span<const TensorView> outputs, size_t kept, const LetterboxGeometry& geometry,
              Detections& out) const;

  [[nodiscard]] const ModelInfo& info() const { return network_.info(); }
  [[nodiscard]] bool raw() const {
    return network_.layout() == Layout::kRaw || network_.layout() == Layout::kFrigate;
  }
  [[nodiscard]] bool is_final() const { return network_.layout() == Layout::kDetections; }

  CheckedOutputs network_;
  Voting voting_;
  float unit_x_ = 1, unit_y_ = 1;  // of decoded coordinates, in network pixels
  std::vector<TensorView> parts_;  // of the outputs, where the network divides them
  std::vector<float> logits_;      // of one box side
  std::vector<float> best_;        // of each cell, over classes
  std::vector<Candidate> candidates_;
  std::vector<size_t> kept_;  // of candidates_
};

}  // namespace octet
