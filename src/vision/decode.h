// From a network's outputs to detections: candidates selected on class logits, boxes (DFL) and
// keypoints decoded for survivors only, class-aware non-maximum suppression, everything back in
// source pixels. The only copy, whatever the engine.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/tensor_view.h"
#include "model/model.h"
#include "vision/detections.h"
#include "vision/letterbox.h"

namespace octet {

// What box and keypoints of a detection are.
enum class Voting {
  kNone,  // its best cell's, as Ultralytics has it
  // Box voting (Gidaris and Komodakis, 2015): the mean over that cell and the ones it suppresses
  // whose boxes are nearly the same, weighted by their scores. For int8 models, whose cells all
  // round otherwise.
  kMean
};

struct DecodeOptions {
  float score_threshold = 0.25F;
  float iou_threshold = 0.7F;
  int max_detections = 300;
  bool multi_label =
      false;  // every class above the threshold, as mAP is measured; else the best class of a cell
};

// Bound to one network: which of its outputs is what. Owns scratch memory; one thread at a time.
class Decoder {
 public:
  // `names` and `shapes` are the engine's outputs in its order. Throws when they are not what
  // `layout` and `info` promise.
  Decoder(const ModelInfo& info, Layout layout, Size input, std::span<const std::string> names,
          std::span<const Shape> shapes, Voting voting);

  // `outputs` are float32 or int8, in the order given to the constructor. Reuses `out`.
  void decode(std::span<const TensorView> outputs, const LetterboxGeometry& geometry,
              const DecodeOptions& options, Detections& out);

 private:
  struct Level {  // one stride's outputs, as indices into the engine's outputs; -1 where there is
                  // none
    int stride = 0, width = 0, height = 0;
    int box = -1, cls = -1, keypoint = -1, visibility = -1, fine_keypoint = -1;
  };
  struct Candidate {
    float score = 0;  // a logit where outputs are raw, else a probability
    int class_index = 0, level = 0, cell = 0;
    PixelBox box;          // in network pixels
    float off_centre = 0;  // from its cell's centre to the box', in strides: of equal scores, which
                           // integers often are, the least goes first
    int next_voter = -1;   // in candidates_
  };

  [[nodiscard]] int index_of(const Output& output, std::span<const std::string> names,
                             std::span<const Shape> shapes) const;
  void bind_raw(std::span<const std::string> names, std::span<const Shape> shapes);
  void bind_decoded(std::span<const Shape> shapes);
  void select(const TensorView& scores, int level, float threshold, const DecodeOptions& options);
  void select_planes(const float* scores, int level, float threshold, const DecodeOptions& options);
  template <typename T>
  void select_rows(const TensorView& scores, int level, T threshold, const DecodeOptions& options);
  void decode_box(std::span<const TensorView> outputs, Candidate& candidate) const;
  void suppress(const DecodeOptions& options);
  [[nodiscard]] float probability(const Candidate& candidate) const;
  template <size_t kValues, typename ValuesOf>
  [[nodiscard]] std::array<float, kValues> vote(size_t kept, const ValuesOf& values_of) const;
  [[nodiscard]] std::array<float, 2> offset(std::span<const TensorView> outputs, const Level& level,
                                            size_t keypoint, size_t cell) const;
  [[nodiscard]] std::array<float, 3> keypoint(std::span<const TensorView> outputs, size_t index,
                                              const Candidate& candidate) const;
  void append(std::span<const TensorView> outputs, size_t kept, const LetterboxGeometry& geometry,
              Detections& out) const;

  ModelInfo info_;
  Layout layout_;
  Voting voting_;
  Size input_;
  float unit_x_ = 1, unit_y_ = 1;  // of decoded coordinates, in network pixels
  std::vector<Level> levels_;
  std::vector<float> best_;  // of each cell, over classes
  std::vector<Candidate> candidates_;
  std::vector<size_t> kept_;  // of candidates_
};

}  // namespace octet
