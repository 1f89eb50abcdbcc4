#include "adapt/output_distance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "eval/metric/coco_metric.h"

namespace octet {
namespace {

constexpr double kClassGain = 1, kBoxGain = 0.5, kKeypointGain = 4, kVisibilityGain = 0.5;
constexpr double kLeast = 1e-6;  // of a sum that is divided by
constexpr size_t kSides = 4;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// log(1 + e^x)
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// Of Bernoulli distributions given as logits.
double divergence(double found, double wanted) {
  const double p = sigmoid(wanted);
  return softplus(found) - found * p - (softplus(wanted) - wanted * p);
}

double at(const std::vector<float>& values, size_t channel, size_t cells, size_t cell) {
  return values[channel * cells + cell];
}

// Log-probabilities of the bins of one side.
void log_softmax(const std::vector<float>& values, size_t first, size_t cells, size_t cell,
                 std::vector<double>& out) {
  double most = -INFINITY, sum = 0;
  for (size_t b = 0; b < out.size(); ++b) most = std::max(most, at(values, first + b, cells, cell));
  for (size_t b = 0; b < out.size(); ++b) {
    out[b] = at(values, first + b, cells, cell) - most;
    sum += std::exp(out[b]);
  }
  for (double& v : out) v -= std::log(sum);
}

// The means of all offsets of a keypoint, in strides. Channels: (copies, keypoints, 2).
std::array<double, 2> point_of(const std::vector<float>& coarse, const std::vector<float>* fine,
                               size_t keypoints, size_t keypoint, size_t cells, size_t cell) {
  std::array<double, 2> sum{};
  size_t copies = 0;
  for (const std::vector<float>* part : {&coarse, fine}) {
    if (part == nullptr) continue;
    for (size_t g = 0; g < part->size() / cells / keypoints / 2; ++g, ++copies) {
      for (size_t xy = 0; xy < 2; ++xy)
        sum[xy] += at(*part, (g * keypoints + keypoint) * 2 + xy, cells, cell);
    }
  }
  return {2 * sum[0] / static_cast<double>(copies), 2 * sum[1] / static_cast<double>(copies)};
}

}  // namespace

struct OutputDistance::Scale {
  const std::vector<float>* box = nullptr;
  const std::vector<float>* classes = nullptr;
  const std::vector<float>* points = nullptr;
  const std::vector<float>* fine = nullptr;
  const std::vector<float>* visibility = nullptr;
  size_t cells = 0;
};

OutputDistance::OutputDistance(const Model& model) : info_(model.info), outputs_(model.outputs()) {
  if (info_.head.keypoints > 0) sigmas_ = keypoint_sigmas(info_.head.keypoints);
}

const std::vector<float>* OutputDistance::part(const OutputValues& values, OutputRole role,
                                               int stride) const {
  for (const Output& o : outputs_) {
    if (o.role != role || o.stride != stride) continue;
    const auto found = values.find(o.name());
    if (found == values.end() && role == OutputRole::kFineKeypoint) return nullptr;
    if (found == values.end()) fail("'{}': the output is missing", o.name());
    return &found->second;
  }
  return nullptr;
}

void OutputDistance::add(const OutputValues& found, const OutputValues& wanted) {
  for (const int stride : info_.head.strides) {
    const auto scale_of = [&](const OutputValues& values) {
      Scale s{.box = part(values, OutputRole::kBox, stride),
              .classes = part(values, OutputRole::kClass, stride),
              .points = part(values, OutputRole::kKeypoint, stride),
              .fine = part(values, OutputRole::kFineKeypoint, stride),
              .visibility = part(values, OutputRole::kVisibility, stride)};
      s.cells = s.classes->size() / info_.names.size();
      if (s.box->size() != kSides * info_.head.bins.size() * s.cells)
        fail("stride {}: the outputs do not fit each other", stride);
      return s;
    };
    const Scale a = scale_of(found), b = scale_of(wanted);
    if (a.cells != b.cells)
      fail("stride {}: the networks have {} and {} cells", stride, a.cells, b.cells);
    for (size_t cell = 0; cell < b.cells; ++cell) add_cell(a, b, cell);
  }
}

double OutputDistance::value() const { return sum_ / (weight_ + kLeast); }

void OutputDistance::add_cell(const Scale& found, const Scale& wanted, size_t cell) {
  double most = -INFINITY;
  for (size_t c = 0; c < info_.names.size(); ++c)
    most = std::max(most, at(*wanted.classes, c, wanted.cells, cell));
  const double weight = sigmoid(most);
  weight_ += weight;
  sum_ += kClassGain * class_divergence(found, wanted, cell);
  double area = 0;
  sum_ += weight * kBoxGain * box_divergence(found, wanted, cell, area);
  if (info_.head.keypoints > 0) sum_ += weight * keypoint_distance(found, wanted, cell, area);
}

double OutputDistance::class_divergence(const Scale& found, const Scale& wanted,
                                        size_t cell) const {
  double sum = 0;
  for (size_t c = 0; c < info_.names.size(); ++c)
    sum += divergence(std::max(at(*found.classes, c, found.cells, cell), kLeastClassLogit),
                      std::max(at(*wanted.classes, c, wanted.cells, cell), kLeastClassLogit));
  return sum;
}

double OutputDistance::box_divergence(const Scale& found, const Scale& wanted, size_t cell,
                                      double& area) const {
  const size_t bins = info_.head.bins.size();
  std::vector<double> p(bins), q(bins);
  std::array<double, kSides> extent{};
  double sum = 0;
  for (size_t side = 0; side < kSides; ++side) {
    log_softmax(*wanted.box, side * bins, wanted.cells, cell, p);
    log_softmax(*found.box, side * bins, found.cells, cell, q);
    for (size_t b = 0; b < bins; ++b) {
      sum += std::exp(p[b]) * (p[b] - q[b]);
      extent[side] += std::exp(p[b]) * static_cast<double>(info_.head.bins[b]);
    }
  }
  area = (extent[0] + extent[2]) * (extent[1] + extent[3]);
  return sum;
}

double OutputDistance::keypoint_distance(const Scale& found, const Scale& wanted, size_t cell,
                                         double area) const {
  const auto count = static_cast<size_t>(info_.head.keypoints);
  double lost = 0, hidden = 0;
  for (size_t k = 0; k < count; ++k) {
    const auto a = point_of(*found.points, found.fine, count, k, found.cells, cell);
    const auto b = point_of(*wanted.points, wanted.fine, count, k, wanted.cells, cell);
    const double distance = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
    const double reach = 4 * sigmas_[k] * sigmas_[k] * (area + kLeast) * 2;
    lost += 1 - std::exp(-distance / reach);
    if (wanted.visibility != nullptr)
      hidden += divergence(at(*found.visibility, k, found.cells, cell),
                           at(*wanted.visibility, k, wanted.cells, cell));
  }
  return (kKeypointGain * lost + kVisibilityGain * hidden) / static_cast<double>(count);
}

}  // namespace octet
