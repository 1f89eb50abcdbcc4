#include "vision/pose_decode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace octet {
namespace {

// Of the distances by which MoveNet divides scores, in cells.
constexpr float kNear = 1.8F;

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

float number(const TensorView& view, size_t at) {
  return view.type == ElementType::kInt8
             ? view.scale * static_cast<float>(view.integers()[at] - view.zero_point)
             : view.floats()[at];
}

// Whether so many cells over so many pixels have a distance that strides of two make.
bool is_halved(int pixels, int cells) {
  return pixels % cells == 0 && std::has_single_bit(static_cast<unsigned>(pixels / cells));
}

// The distance of cells in pixels. Networks with strides of two over an odd number of pixels
// (PoseNet: 385 pixels, 25 cells) have their first and last cells on the first and last pixels.
// Where both readings give whole numbers (225 pixels, 15 cells), a power of two decides.
float stride_of(int pixels, int cells) {
  const int last_pixel = pixels - 1, last_cell = cells - 1;
  const bool on_both_ends =
      last_cell > 0 && last_pixel % last_cell == 0 &&
      (pixels % cells != 0 || (is_halved(last_pixel, last_cell) && !is_halved(pixels, cells)));
  return on_both_ends ? static_cast<float>(last_pixel) / static_cast<float>(last_cell)
                      : static_cast<float>(pixels) / static_cast<float>(cells);
}

}  // namespace

// The real values of an output (1, channels, height, width).
class PoseDecoder::Maps {
 public:
  explicit Maps(const TensorView& view)
      : view_(view),
        width_(static_cast<int>(view.shape[3])),
        height_(static_cast<int>(view.shape[2])),
        channels_(static_cast<size_t>(view.shape[1])) {}

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] float at(int channel, int x, int y) const {
    const auto cells = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    const auto cell = static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
    const auto c = static_cast<size_t>(channel);
    return number(view_, view_.channels_last ? cell * channels_ + c : c * cells + cell);
  }

 private:
  const TensorView& view_;
  int width_, height_;
  size_t channels_;
};

PoseDecoder::PoseDecoder(CheckedPose network) : network_(std::move(network)) {
  if (head().kind == PoseHeadKind::kRegression) return;
  stride_x_ = stride_of(network_.input().width, network_.cells().width);
  stride_y_ = stride_of(network_.input().height, network_.cells().height);
}

PoseDecoder::Maps PoseDecoder::maps(std::span<const TensorView> outputs, PosePart part) const {
  return Maps(outputs[network_.index(part)]);
}

float PoseDecoder::probability(float score) const { return head().logits ? sigmoid(score) : score; }

// The score of a heat map that has this probability.
float PoseDecoder::logit_of(float probability) const {
  if (!head().logits) return probability;
  return probability >= 1 ? INFINITY : std::log(probability / (1 - probability));
}

void PoseDecoder::finish(Keypoint& keypoint) const {
  const Size input = network_.input();
  if (!std::isfinite(keypoint.x) || !std::isfinite(keypoint.y) ||
      !std::isfinite(keypoint.confidence)) {
    keypoint = {.x = static_cast<float>(input.width - 1) / 2,
                .y = static_cast<float>(input.height - 1) / 2,
                .confidence = 0};
  }
  const auto within = [](float v, int side) {
    return std::clamp(v, -static_cast<float>(side), 2 * static_cast<float>(side));
  };
  keypoint.x = within(keypoint.x, input.width);
  keypoint.y = within(keypoint.y, input.height);
  keypoint.confidence = std::clamp(keypoint.confidence, 0.0F, 1.0F);
}

void PoseDecoder::decode(std::span<const TensorView> outputs, PersonPose& out) const {
  out.keypoints.clear();
  if (head().kind == PoseHeadKind::kCentre) decode_centre(outputs, out);
  if (head().kind == PoseHeadKind::kHeatmap) decode_heatmaps(outputs, out);
  if (head().kind == PoseHeadKind::kRegression) decode_points(outputs, out);
  float sum = 0;
  for (Keypoint& k : out.keypoints) {
    finish(k);
    sum += k.confidence;
  }
  out.score = sum / static_cast<float>(out.keypoints.size());
  if (!network_.has(PosePart::kPresence)) return;
  const float presence = number(outputs[network_.index(PosePart::kPresence)], 0);
  const float score = head().presence_is_logit ? sigmoid(presence) : presence;
  out.score = std::isfinite(score) ? std::clamp(score, 0.0F, 1.0F) : 0;
}

PoseDecoder::Peak PoseDecoder::highest(const Maps& scores, int keypoint) {
  Peak peak;
  float best = -INFINITY;
  for (int y = 0; y < scores.height(); ++y) {
    for (int x = 0; x < scores.width(); ++x) {
      const float score = scores.at(keypoint, x, y);
      if (!(score > best)) continue;
      best = score;
      peak = {x, y};
    }
  }
  return peak;
}

// The cell of the greatest probability / (distance to (x, y) + 1.8), as in MoveNet's
// post-processing. A cell whose probability cannot win even without distance costs one comparison.
PoseDecoder::Peak PoseDecoder::nearest_peak(const Maps& scores, int keypoint, float x,
                                            float y) const {
  Peak peak;
  float best = -INFINITY;
  float hopeless = -INFINITY;
  for (int row = 0; row < scores.height(); ++row) {
    for (int column = 0; column < scores.width(); ++column) {
      const float score = scores.at(keypoint, column, row);
      if (!(score > hopeless)) continue;
      const float distance =
          std::hypot(static_cast<float>(row) - y, static_cast<float>(column) - x) + kNear;
      const float weighed = probability(score) / distance;
      if (!(weighed > best)) continue;
      best = weighed;
      if (best > 0) hopeless = logit_of(best * kNear);
      peak = {column, row};
    }
  }
  return peak;
}

// The position of a keypoint from the offsets at a cell.
Keypoint PoseDecoder::point_at(const Maps& offsets, int keypoint, Peak cell) const {
  const int second = head().pairs ? 1 : network_.points();
  const int first = head().pairs ? 2 * keypoint : keypoint;
  const float a = offsets.at(first, cell.x, cell.y);
  const float b = offsets.at(first + second, cell.x, cell.y);
  const float dx = head().y_first ? b : a;
  const float dy = head().y_first ? a : b;
  const float unit_x = head().offset_in_pixels ? 1 : stride_x_;
  const float unit_y = head().offset_in_pixels ? 1 : stride_y_;
  return {.x = static_cast<float>(cell.x) * stride_x_ + dx * unit_x,
          .y = static_cast<float>(cell.y) * stride_y_ + dy * unit_y};
}

void PoseDecoder::decode_centre(std::span<const TensorView> outputs, PersonPose& out) const {
  const Maps centres = maps(outputs, PosePart::kCentre);
  const Maps scores = maps(outputs, PosePart::kHeatmap);
  const Maps regressed = maps(outputs, PosePart::kRegress);
  const Maps offsets = maps(outputs, PosePart::kOffset);
  const Peak person = nearest_peak(centres, 0, static_cast<float>(centres.width()) / 2,
                                   static_cast<float>(centres.height()) / 2);
  const int second = head().pairs ? 1 : network_.points();
  for (int k = 0; k < head().keypoints; ++k) {
    const int first = head().pairs ? 2 * k : k;
    const float a = regressed.at(first, person.x, person.y);
    const float b = regressed.at(first + second, person.x, person.y);
    const float x = static_cast<float>(person.x) + (head().y_first ? b : a);
    const float y = static_cast<float>(person.y) + (head().y_first ? a : b);
    const Peak peak = nearest_peak(scores, k, x, y);
    Keypoint point = point_at(offsets, k, peak);
    point.confidence = probability(scores.at(k, peak.x, peak.y));
    out.keypoints.push_back(point);
  }
}

// Without offsets a peak is moved by a quarter of a cell to its higher neighbour on each axis, as
// in SimpleBaseline and HRNet (Sun et al., 2019), whose cell i lies on the pixel i × stride.
void PoseDecoder::decode_heatmaps(std::span<const TensorView> outputs, PersonPose& out) const {
  constexpr float kQuarter = 0.25F;
  const Maps scores = maps(outputs, PosePart::kHeatmap);
  for (int k = 0; k < head().keypoints; ++k) {
    const Peak peak = highest(scores, k);
    Keypoint point;
    if (network_.has(PosePart::kOffset)) {
      point = point_at(maps(outputs, PosePart::kOffset), k, peak);
    } else {
      const auto shift = [&](int at, int cells, auto score_at) {
        if (at < 1 || at + 1 >= cells) return 0.0F;
        const float before = score_at(at - 1), after = score_at(at + 1);
        if (before == after) return 0.0F;
        return after > before ? kQuarter : -kQuarter;
      };
      const float dx =
          shift(peak.x, scores.width(), [&](int x) { return scores.at(k, x, peak.y); });
      const float dy =
          shift(peak.y, scores.height(), [&](int y) { return scores.at(k, peak.x, y); });
      point = {.x = (static_cast<float>(peak.x) + dx) * stride_x_,
               .y = (static_cast<float>(peak.y) + dy) * stride_y_};
    }
    point.confidence = probability(scores.at(k, peak.x, peak.y));
    out.keypoints.push_back(point);
  }
}

void PoseDecoder::decode_points(std::span<const TensorView> outputs, PersonPose& out) const {
  constexpr size_t kVisibilityNumber = 3;
  const TensorView& numbers = outputs[network_.index(PosePart::kPoints)];
  const auto step = static_cast<size_t>(head().point_numbers);
  for (size_t k = 0; k < static_cast<size_t>(head().keypoints); ++k) {
    Keypoint point{.x = number(numbers, k * step), .y = number(numbers, k * step + 1)};
    if (network_.has(PosePart::kVisibility)) {
      point.confidence = sigmoid(number(outputs[network_.index(PosePart::kVisibility)], k));
    } else if (step > kVisibilityNumber) {
      point.confidence = sigmoid(number(numbers, k * step + kVisibilityNumber));
    }
    out.keypoints.push_back(point);
  }
}

}  // namespace octet
