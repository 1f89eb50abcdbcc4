#include "vision/decode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/dispatch.h"
#include "core/error.h"
#include "vision/box.h"

namespace octet {
namespace {

constexpr size_t kMaxCandidates =
    30000;  // the best ones go on to suppression, as Ultralytics limits them

// Of boxes that vote for one another. With 0.75 to 0.9 int8 models score the same.
constexpr float kSameObject = 0.8F;

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

OCTET_MULTIVERSION void max_rows(const float* __restrict row, int count, float* __restrict best) {
  for (int i = 0; i < count; ++i) best[i] = best[i] < row[i] ? row[i] : best[i];
}

// The largest of `count`, or what `best` was.
OCTET_MULTIVERSION int8_t largest(const int8_t* __restrict row, int count, int8_t best) {
  for (int i = 0; i < count; ++i) best = best < row[i] ? row[i] : best;
  return best;
}
OCTET_MULTIVERSION float largest(const float* __restrict row, int count, float best) {
  for (int i = 0; i < count; ++i) best = best < row[i] ? row[i] : best;
  return best;
}

// The largest integer whose real value is not above `threshold`.
int8_t integer_threshold(float threshold, const TensorView& view) {
  const float q = std::floor(threshold / view.scale) + static_cast<float>(view.zero_point);
  return static_cast<int8_t>(std::clamp(q, -128.0F, 127.0F));
}

float real(float value, const TensorView&) { return value; }
float real(int8_t value, const TensorView& view) {
  return view.scale * static_cast<float>(value - view.zero_point);
}

// Real values of one cell's channels from `first` on.
template <typename T>
void load(const TensorView& view, size_t first, size_t cell, std::span<float> out) {
  const auto channels = static_cast<size_t>(view.shape[1]);
  const auto cells = static_cast<size_t>(element_count(view.shape)) / channels;
  const T* at = static_cast<const T*>(view.data) +
                (view.channels_last ? cell * channels + first : first * cells + cell);
  const size_t step = view.channels_last ? 1 : cells;
  for (size_t i = 0; i < out.size(); ++i) out[i] = real(at[i * step], view);
}
void load_real(const TensorView& view, size_t first, size_t cell, std::span<float> out) {
  view.type == ElementType::kInt8 ? load<int8_t>(view, first, cell, out)
                                  : load<float>(view, first, cell, out);
}

// The mean of the distribution over `bins` that softmax makes of their logits.
float expected_distance(const float* logits, std::span<const float> bins) {
  const float highest = *std::max_element(logits, logits + bins.size());
  float sum = 0;
  float weighted = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    const float e = std::exp(logits[i] - highest);
    sum += e;
    weighted += e * bins[i];
  }
  return weighted / sum;
}

}  // namespace

Decoder::Decoder(CheckedOutputs network, Voting voting)
    : network_(std::move(network)), voting_(voting), logits_(info().head.bins.size()) {
  if (network_.fractions()) {
    unit_x_ = static_cast<float>(network_.input().width);
    unit_y_ = static_cast<float>(network_.input().height);
  }
  for (const CheckedOutputs::Part& part : network_.parts())
    parts_.push_back({.shape = part.shape, .channels_last = true});
  int most = 0;
  for (const Level& level : network_.levels()) most = std::max(most, level.width * level.height);
  best_.resize(static_cast<size_t>(most));
  candidates_.reserve(1024);
  kept_.reserve(512);
}

void Decoder::decode(std::span<const TensorView> outputs, const LetterboxGeometry& geometry,
                     const DecodeOptions& options, Detections& out) {
  if (!parts_.empty()) outputs = parts_of(outputs);
  out.clear();
  out.keypoints_per_object = info().head.keypoints;
  candidates_.clear();
  const float p = options.score_threshold;
  const float threshold = raw() ? std::log(p / (1 - p)) : p;
  for (size_t l = 0; l < network_.levels().size(); ++l) {
    const TensorView& scores = outputs[network_.levels()[l].cls];
    is_final() ? select_final(scores, threshold)
               : select(scores, static_cast<int>(l), threshold, options);
  }
  if (candidates_.size() > kMaxCandidates) {
    std::nth_element(candidates_.begin(), candidates_.begin() + kMaxCandidates, candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    candidates_.resize(kMaxCandidates);
  }
  for (Candidate& c : candidates_) decode_box(outputs, c);
  std::erase_if(candidates_, [](const Candidate& c) {
    return std::isnan(c.box.x1 + c.box.y1 + c.box.x2 + c.box.y2);
  });
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::tie(a.off_centre, a.level, a.cell, a.class_index) <
           std::tie(b.off_centre, b.level, b.cell, b.class_index);
  });
  suppress(options);
  for (const size_t kept : kept_) append(outputs, kept, geometry, out);
}

std::span<const TensorView> Decoder::parts_of(std::span<const TensorView> outputs) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const CheckedOutputs::Part& part = network_.parts()[i];
    const TensorView& all = outputs[static_cast<size_t>(part.output)];
    parts_[i].data = static_cast<float*>(all.data) + part.first;
  }
  return parts_;
}

void Decoder::select(const TensorView& scores, int level, float threshold,
                     const DecodeOptions& options) {
  const size_t cells =
      static_cast<size_t>(network_.levels()[level].width) * network_.levels()[level].height;
  if (!scores.channels_last && scores.type == ElementType::kFloat32) {
    const size_t first = raw() ? 0 : 4 * cells;
    select_planes(scores.floats() + first, level, threshold, options);
  } else if (scores.type == ElementType::kInt8) {
    select_rows<int8_t>(scores, level, integer_threshold(threshold, scores), options);
  } else {
    select_rows<float>(scores, level, threshold, options);
  }
}

// Rows of corners, confidence and class, which suppression has gone over already. A class that the
// names do not reach is none.
void Decoder::select_final(const TensorView& rows, float threshold) {
  const auto columns = static_cast<size_t>(rows.shape[2]);
  const float* row = rows.floats();
  const auto classes = static_cast<float>(info().names.size());
  for (int64_t i = 0; i < rows.shape[1]; ++i, row += columns) {
    const float score = row[4], index = row[5];
    if (!(score > threshold) || !(index >= 0 && index < classes)) continue;
    candidates_.push_back({.score = score,
                           .class_index = static_cast<int>(index),
                           .level = 0,
                           .cell = static_cast<int>(i),
                           .box = {}});
  }
}

// Scores are (cells, classes): integers are compared as they are, and only what is kept is made
// real.
template <typename T>
void Decoder::select_rows(const TensorView& scores, int level, T threshold,
                          const DecodeOptions& options) {
  const int classes = static_cast<int>(info().names.size());
  const int cells = network_.levels()[level].width * network_.levels()[level].height;
  const T* row = static_cast<const T*>(scores.data);
  for (int i = 0; i < cells; ++i, row += classes) {
    const T best = largest(row, classes, threshold);
    if (!(best > threshold)) continue;
    for (int c = 0; c < classes; ++c) {
      if (options.multi_label ? row[c] > threshold : row[c] == best) {
        candidates_.push_back({.score = real(row[c], scores),
                               .class_index = c,
                               .level = level,
                               .cell = i,
                               .box = {}});
        if (!options.multi_label) break;
      }
    }
  }
}

// Scores are (classes, cells): the best of each cell is found row by row, so that only cells above
// the threshold are looked at again.
void Decoder::select_planes(const float* scores, int level, float threshold,
                            const DecodeOptions& options) {
  const int classes = static_cast<int>(info().names.size());
  const int cells = network_.levels()[level].width * network_.levels()[level].height;
  if (best_.size() < static_cast<size_t>(cells)) best_.resize(static_cast<size_t>(cells));
  std::copy_n(scores, cells, best_.begin());
  for (int c = 1; c < classes; ++c)
    max_rows(scores + static_cast<size_t>(c) * cells, cells, best_.data());
  for (int i = 0; i < cells; ++i) {
    if (!(best_[i] > threshold)) continue;
    for (int c = 0; c < classes; ++c) {
      const float score = scores[static_cast<size_t>(c) * cells + i];
      if (options.multi_label ? score > threshold : score == best_[i]) {
        candidates_.push_back(
            {.score = score, .class_index = c, .level = level, .cell = i, .box = {}});
        if (!options.multi_label) break;
      }
    }
  }
}

void Decoder::decode_box(std::span<const TensorView> outputs, Candidate& candidate) {
  const Level& level = network_.levels()[candidate.level];
  const TensorView& boxes = outputs[level.box];
  const auto cell = static_cast<size_t>(candidate.cell);
  if (is_final()) {
    const float* b = boxes.floats() + cell * static_cast<size_t>(boxes.shape[2]);
    candidate.box = {b[0] * unit_x_, b[1] * unit_y_, b[2] * unit_x_, b[3] * unit_y_};
    return;
  }
  if (!raw()) {
    std::array<float, 4> b{};  // centre and size
    load_real(boxes, 0, cell, b);
    for (size_t i = 0; i < 4; ++i) b[i] *= i % 2 == 0 ? unit_x_ : unit_y_;
    candidate.box = {b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2};
    return;
  }
  float sides[4];
  for (size_t s = 0; s < 4; ++s) {
    load_real(boxes, s * logits_.size(), cell, logits_);
    sides[s] = expected_distance(logits_.data(), info().head.bins);
  }
  const int row = candidate.cell / level.width;
  const float x = static_cast<float>(candidate.cell % level.width) + 0.5F;
  const float y = static_cast<float>(row) + 0.5F;
  const auto stride = static_cast<float>(level.stride);
  candidate.off_centre = std::hypot(sides[2] - sides[0], sides[3] - sides[1]) / 2;
  candidate.box = {(x - sides[0]) * stride, (y - sides[1]) * stride, (x + sides[2]) * stride,
                   (y + sides[3]) * stride};
}

void Decoder::suppress(const DecodeOptions& options) {
  kept_.clear();
  for (size_t i = 0; i < candidates_.size(); ++i) {
    Candidate& c = candidates_[i];
    float overlap = 0;
    const auto by = std::find_if(kept_.begin(), kept_.end(), [&](size_t kept) {
      const Candidate& k = candidates_[kept];
      if (k.class_index != c.class_index || is_final()) return false;
      overlap = intersection_over_union(k.box, c.box);
      return overlap > options.iou_threshold;
    });
    if (by == kept_.end()) {
      if (static_cast<int>(kept_.size()) >= options.max_detections) break;
      kept_.push_back(i);
    } else if (voting_ == Voting::kMean && overlap > kSameObject) {
      c.next_voter = candidates_[*by].next_voter;
      candidates_[*by].next_voter = static_cast<int>(i);
    }
  }
}

float Decoder::probability(const Candidate& candidate) const {
  return raw() ? sigmoid(candidate.score) : candidate.score;
}

// The mean over a kept candidate and its voters.
template <size_t kValues, typename ValuesOf>
std::array<float, kValues> Decoder::vote(size_t kept, const ValuesOf& values_of) const {
  if (candidates_[kept].next_voter < 0) return values_of(candidates_[kept]);
  std::array<float, kValues> sum{};
  float weights = 0;
  for (int i = static_cast<int>(kept); i >= 0; i = candidates_[i].next_voter) {
    const Candidate& c = candidates_[i];
    const float weight = probability(c);
    const std::array<float, kValues> values = values_of(c);
    for (size_t v = 0; v < kValues; ++v) sum[v] += weight * values[v];
    weights += weight;
  }
  for (float& v : sum) v /= weights;
  return sum;
}

// The mean of all that the network says of it, in units of two strides.
std::array<float, 2> Decoder::offset(std::span<const TensorView> outputs, const Level& level,
                                     size_t keypoint, size_t cell) const {
  std::array<float, 2> sum{};
  load_real(outputs[level.keypoint], 2 * keypoint, cell, sum);
  if (level.fine_keypoint < 0) return sum;
  const auto keypoints = static_cast<size_t>(info().head.keypoints);
  for (const size_t first : {2 * keypoint, 2 * (keypoints + keypoint)}) {
    std::array<float, 2> more{};
    load_real(outputs[level.fine_keypoint], first, cell, more);
    for (size_t i = 0; i < 2; ++i) sum[i] += more[i];
  }
  return {sum[0] / 3, sum[1] / 3};
}

// x and y in network pixels, and confidence.
std::array<float, 3> Decoder::keypoint(std::span<const TensorView> outputs, size_t index,
                                       const Candidate& candidate) const {
  const Level& level = network_.levels()[candidate.level];
  const auto cell = static_cast<size_t>(candidate.cell);
  std::array<float, 3> point{0, 0, 1};
  if (!raw()) {
    const auto dims = static_cast<size_t>(info().head.keypoint_dims);
    if (is_final()) {
      const TensorView& rows = outputs[level.box];
      const float* row = rows.floats() + cell * static_cast<size_t>(rows.shape[2]);
      std::copy_n(row + kDetectionColumns + index * dims, dims, point.begin());
    } else {
      load_real(outputs[level.box], 4 + info().names.size() + index * dims, cell,
                std::span(point).first(dims));
    }
    return {point[0] * unit_x_, point[1] * unit_y_, point[2]};
  }
  const auto [x, y] = offset(outputs, level, index, cell);
  const auto stride = static_cast<float>(level.stride);
  const int row = candidate.cell / level.width;
  point[0] = (x * 2 + static_cast<float>(candidate.cell % level.width)) * stride;
  point[1] = (y * 2 + static_cast<float>(row)) * stride;
  if (info().head.keypoint_dims == 3) {
    load_real(outputs[level.visibility], index, cell, std::span(point).subspan(2));
    point[2] = sigmoid(point[2]);
  }
  return point;
}

void Decoder::append(std::span<const TensorView> outputs, size_t kept,
                     const LetterboxGeometry& geometry, Detections& out) const {
  const auto x = [&](float v) {
    return std::clamp(geometry.to_source_x(v), 0.0F, static_cast<float>(geometry.source.width));
  };
  const auto y = [&](float v) {
    return std::clamp(geometry.to_source_y(v), 0.0F, static_cast<float>(geometry.source.height));
  };
  const auto box = vote<4>(kept, [](const Candidate& c) {
    return std::array{c.box.x1, c.box.y1, c.box.x2, c.box.y2};
  });
  out.items.push_back({.box = {x(box[0]), y(box[1]), x(box[2]), y(box[3])},
                       .class_index = candidates_[kept].class_index,
                       .confidence = probability(candidates_[kept])});
  for (size_t k = 0; k < static_cast<size_t>(info().head.keypoints); ++k) {
    const auto point = vote<3>(kept, [&](const Candidate& c) { return keypoint(outputs, k, c); });
    out.keypoints.push_back({.x = x(point[0]), .y = y(point[1]), .confidence = point[2]});
  }
}

}  // namespace octet
