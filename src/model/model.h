// A model: its graph, and the information to use its outputs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/size.h"
#include "graph/graph.h"
#include "graph/quantization.h"
#include "model/head.h"
#include "model/pose_head.h"

namespace octet {

// kRaw: a network of another program. Its outputs have the meaning of ModelInfo::pose_head, or none
// that octet knows.
enum class Task { kDetect, kPose, kRaw };

// The layout of a network's outputs. kRaw: one tensor per stride and role. kUltralytics: the
// decoded tensor (1, 4 + classes + 3·keypoints, cells) of Ultralytics' exports, in network pixels
// and probabilities. kDetections: the tensor (1, rows, 6 + 3·keypoints) of exports that include or
// need no suppression (nms=True, end2end), with corners, confidence and class. kEveryValue: raw,
// and every other value as an output named kValuePrefix and its name, of an int8 model those that are
// quantized: for a comparison node by node, and for calibration. kFrigate: the int8 tensors
// (1, cells, classes) and (1, cells, 64) of logits that Frigate's Edge TPU detector reads
// (format/emit/frigate_head.h).
enum class Layout { kRaw, kUltralytics, kDetections, kEveryValue, kFrigate };

// The name of a layout in files and on the command line.
[[nodiscard]] std::string_view layout_name(Layout layout);
// Returns the layout of an export by its name. Throws an Error for a name that files do not have.
[[nodiscard]] Layout parse_layout(std::string_view name);

// The input side of a model that does not state its training size.
inline constexpr int kDefaultSide = 640;

inline constexpr std::string_view kValuePrefix = "value.";

struct ModelInfo {
  std::string family = "YOLOv8";  // model/families/families.h
  Task task = Task::kDetect;
  std::vector<std::string> names;  // one per class
  Head head;
  std::optional<PoseHead> pose_head;  // of a network with raw outputs
  // Keypoint i becomes flip_index[i] in a mirrored image; empty: unknown.
  std::vector<int> flip_index;
  std::string source;   // where the weights came from
  std::string licence;  // of the weights, when known
  // The side of the square input in training, in pixels; 0: unknown.
  int trained_side = 0;

  // The input side that verbs use without --imgsz.
  [[nodiscard]] int usual_side() const { return trained_side > 0 ? trained_side : kDefaultSide; }
  // How its keypoints are joined in drawings.
  [[nodiscard]] const Skeleton& skeleton() const;
};

struct Model {
  ModelInfo info;
  Graph graph;
  std::vector<HeadOutput> head_outputs = {};  // the meaning of each of graph.outputs
  Quantization quantization = {};             // empty: a float model

  // The input size that verbs use without --imgsz.
  [[nodiscard]] Size usual_size() const {
    return graph.size.value_or(Size{info.usual_side(), info.usual_side()});
  }
  [[nodiscard]] std::vector<Output> outputs() const;
  void add_output(const Output& output);
};

[[nodiscard]] std::string_view task_name(Task task);

[[nodiscard]] nlohmann::json to_json(const ModelInfo& info);
// Throws an Error that names a missing field, or throws as verify() does.
[[nodiscard]] ModelInfo info_from_json(const nlohmann::json& json);

// Writes the graph with its outputs and their meaning, in the form of the model file.
[[nodiscard]] nlohmann::json graph_to_json(const Model& model);
// Sets graph (without tensors) and head_outputs. Throws an Error that names the node.
void read_graph_json(const nlohmann::json& json, Model& model);

// Throws an Error that names the file where the outputs of its model are raw.
void require_known_outputs(const Model& model, const std::string& file);

// The flip pairs of COCO's 17 keypoints.
[[nodiscard]] std::vector<int> coco_flip_index();

// Checks that all fields are in range and agree with one another. Throws an Error that names the
// field.
void verify(const ModelInfo& info);

// Verifies the information and the graph, and checks that the outputs agree with the head.
void verify(const Model& model);

}  // namespace octet
