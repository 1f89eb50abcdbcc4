// A detection or pose model: its graph, and what is needed to use its outputs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"

namespace octet {

enum class Task { kDetect, kPose };

// How the outputs of a network are laid out: one raw tensor per stride and role, or the one decoded
// tensor (1, 4 + classes + 3·keypoints, cells) that Ultralytics' exports have, in network pixels
// and probabilities; in its TensorFlow Lite files pixels are fractions of the network's input. For
// comparing node by node: raw, and every other quantized value as an output too, named kValuePrefix
// and its name.
enum class Layout { kRaw, kUltralytics, kUltralyticsFractions, kEveryValue };

inline constexpr std::string_view kValuePrefix = "value.";
inline constexpr size_t kMaxBins = 64;  // of a box side

struct ModelInfo {
  Task task = Task::kDetect;
  std::vector<std::string> names;  // one per class
  std::vector<int> strides;        // ascending
  // Distance, in strides, that each bin of a box side's distribution stands for. 0, 1, … 15 in
  // published weights; a checkpoint may hold others. Empty where boxes come decoded.
  std::vector<float> bins;
  int keypoints = 0;      // per object; 0 for detection
  int keypoint_dims = 0;  // 3: x, y, visibility; 2: x, y
  std::vector<int>
      flip_index;      // keypoint i becomes flip_index[i] in a mirrored image; empty when not known
  std::string source;  // where the weights came from
  std::string licence;  // of the weights, when known
};

struct Model {
  ModelInfo info;
  Graph graph;
  Quantization quantization = {};  // empty: a float model
};

[[nodiscard]] std::string_view task_name(Task task);

[[nodiscard]] nlohmann::json to_json(const ModelInfo& info);
// Throws an Error naming the field when something is missing or absurd.
[[nodiscard]] ModelInfo info_from_json(const nlohmann::json& json);

// Channels of an output of this role.
[[nodiscard]] int role_channels(const ModelInfo& info, OutputRole role);
// The roles a model of this kind has at every stride. It may have fine keypoints, too.
[[nodiscard]] std::vector<OutputRole> roles(const ModelInfo& info);

// The flip pairs of COCO's 17 keypoints.
[[nodiscard]] std::vector<int> coco_flip_index();

// verify() of the graph, and that its outputs are what the info promises.
void verify(const Model& model);

}  // namespace octet
