// For tests only: a pose network that is right by construction. Its two keypoints are the reddest
// and the greenest place of the crop. A bone joins them.
#pragma once

#include <filesystem>

#include "format/model_file.h"
#include "model/model.h"

namespace octet {

inline Model colour_pose_network() {
  constexpr int kCell = 4;
  Conv2d conv{.stride = kCell, .weight = {.shape = {2, 3, kCell, kCell}}, .bias = {.shape = {2}}};
  for (int keypoint = 0; keypoint < 2; ++keypoint) {
    for (int colour = 0; colour < 3; ++colour)
      conv.weight.values.insert(conv.weight.values.end(), kCell * kCell,
                                (colour == keypoint ? 20.0F : -20.0F) / (kCell * kCell));
    conv.bias.values.push_back(-10);  // a pure colour has the logit 10, black has −10
  }
  Model model;
  model.info.family = "";
  model.info.task = Task::kRaw;
  model.info.pose_head = PoseHead{.kind = PoseHeadKind::kHeatmap,
                                  .outputs = {{PosePart::kHeatmap, "heatmap"}},
                                  .keypoints = 2,
                                  .names = {"red", "green"},
                                  .skeleton = {{0, 1}}};
  model.graph.size = Size{64, 64};
  model.graph.nodes.push_back({.name = "heat", .op = conv, .inputs = {model.graph.input}});
  model.add_output(
      {.value = "heat", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "heatmap"}});
  return model;
}

// Its score of the person is this logit, whatever the crop shows.
inline Model colour_pose_network_with_presence(float logit) {
  Model model = colour_pose_network();
  const int side = model.graph.size->width;
  Conv2d conv{.stride = side, .weight = {.shape = {1, 3, side, side}}, .bias = {.shape = {1}}};
  conv.weight.values.assign(3 * static_cast<size_t>(side) * static_cast<size_t>(side), 0.0F);
  conv.bias.values = {logit};
  model.graph.nodes.push_back({.name = "seen", .op = conv, .inputs = {model.graph.input}});
  model.add_output(
      {.value = "seen", .role = OutputRole::kRaw, .stride = 0, .raw = {.name = "presence"}});
  model.info.pose_head->outputs.emplace(PosePart::kPresence, "presence");
  model.info.pose_head->presence_is_logit = true;
  return model;
}

inline void write_colour_pose_network(const std::filesystem::path& file) {
  write_model_file(file, colour_pose_network(), StorageKind::kF32);
}

}  // namespace octet
