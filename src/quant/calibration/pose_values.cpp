#include "quant/calibration/pose_values.h"

#include <algorithm>
#include <cmath>

#include "graph/shapes.h"

namespace octet {
namespace {

constexpr float kNearPeak = 0.5F;  // share of the highest probability of a map

// Of (channels, cells) values, those at cells where the map of the channel is near its peak.
std::vector<float> near_peaks(std::span<const float> values, std::span<const float> map,
                              size_t cells, const std::vector<size_t>& map_of_channel) {
  std::vector<float> kept;
  for (size_t c = 0; c < map_of_channel.size(); ++c) {
    const auto own = map.subspan(map_of_channel[c] * cells, cells);
    const float least = kNearPeak * *std::max_element(own.begin(), own.end());
    for (size_t i = 0; i < cells; ++i) {
      if (own[i] >= least) kept.push_back(values[c * cells + i]);
    }
  }
  return kept;
}

}  // namespace

PoseValues::PoseValues(const Model& model) : head_(model.info.pose_head) {
  if (!head_) return;
  const auto shapes = infer_shapes(model.graph, model.graph.smallest_size());
  for (const Output& o : model.outputs()) {
    values_[o.name()] = o.value;
    channels_[o.value] = static_cast<size_t>(shapes.at(o.value)[1]);
  }
}

std::optional<PosePart> PoseValues::part(const Output& output) const {
  if (!head_ || output.role != OutputRole::kRaw) return {};
  for (const auto& [part, name] : head_->outputs) {
    if (name == output.name()) return part;
  }
  return {};
}

bool PoseValues::has_floor(const Output& output) const {
  const auto own = part(output);
  return head_ && head_->logits && (own == PosePart::kHeatmap || own == PosePart::kCentre);
}

std::vector<float> PoseValues::probabilities(PosePart part, CalibrationNetwork& network) const {
  const auto map = network.output(values_.at(*head_->output(part)));
  std::vector<float> p(map.begin(), map.end());
  if (head_->logits) {
    for (float& v : p) v = 1 / (1 + std::exp(-v));
  }
  return p;
}

std::vector<float> PoseValues::read(const Output& output, CalibrationNetwork& network) const {
  const auto all = network.output(output.value);
  const auto own = part(output);
  const bool offset = own == PosePart::kOffset;
  const PosePart map = offset ? PosePart::kHeatmap : PosePart::kCentre;
  if ((!offset && own != PosePart::kRegress) || head_->output(map) == nullptr)
    return {all.begin(), all.end()};
  const std::vector<float> p = probabilities(map, network);
  const size_t channels = channels_.at(output.value), keypoints = channels / 2;
  const size_t maps = channels_.at(values_.at(*head_->output(map)));
  const size_t cells = p.size() / maps;
  if (maps != (offset ? keypoints : 1) || all.size() != channels * cells)
    return {all.begin(), all.end()};
  std::vector<size_t> map_of_channel(channels, 0);
  for (size_t c = 0; offset && c < channels; ++c)
    map_of_channel[c] = head_->pairs ? c / 2 : c % keypoints;
  return near_peaks(all, p, cells, map_of_channel);
}

}  // namespace octet
