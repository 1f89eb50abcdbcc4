// A detection or pose model: its graph, and what is needed to use its outputs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"
#include "model/head.h"

namespace octet {

enum class Task { kDetect, kPose };

// How the outputs of a network are laid out: one raw tensor per stride and role, or the one decoded
// tensor (1, 4 + classes + 3·keypoints, cells) that Ultralytics' exports have, in network pixels
// and probabilities. kDetections: the tensor (1, rows, 6 + 3·keypoints) of exports that end with
// suppression or need none (nms=True, end2end): corners, confidence, class. For comparing node by
// node: raw, and every other quantized value as an output too, named kValuePrefix and its name.
enum class Layout { kRaw, kUltralytics, kDetections, kEveryValue };

// Of the input, where a model does not say what it was trained on.
inline constexpr int kDefaultSide = 640;

inline constexpr std::string_view kValuePrefix = "value.";

struct ModelInfo {
  std::string family = "YOLOv8";  // model/families/families.h
  Task task = Task::kDetect;
  std::vector<std::string> names;  // one per class
  Head head;
  // Keypoint i becomes flip_index[i] in a mirrored image; empty when not known.
  std::vector<int> flip_index;
  std::string source;   // where the weights came from
  std::string licence;  // of the weights, when known
  // Of the square input that it was trained on, in pixels; 0: not known.
  int trained_side = 0;

  // What verbs take where no other size is asked for.
  [[nodiscard]] int usual_side() const { return trained_side > 0 ? trained_side : kDefaultSide; }
};

struct Model {
  ModelInfo info;
  Graph graph;
  std::vector<HeadOutput> head_outputs = {};  // what each of graph.outputs means
  Quantization quantization = {};             // empty: a float model

  [[nodiscard]] std::vector<Output> outputs() const;
  void add_output(const Output& output);
};

[[nodiscard]] std::string_view task_name(Task task);

[[nodiscard]] nlohmann::json to_json(const ModelInfo& info);
// Throws an Error naming the field when something is missing, or as verify() does.
[[nodiscard]] ModelInfo info_from_json(const nlohmann::json& json);

// The graph with its outputs and what they mean, as the model file keeps it.
[[nodiscard]] nlohmann::json graph_to_json(const Model& model);
// Fills graph (without tensors) and head_outputs. Throws an Error that names the node.
void read_graph_json(const nlohmann::json& json, Model& model);

// The flip pairs of COCO's 17 keypoints.
[[nodiscard]] std::vector<int> coco_flip_index();

// That its figures are in range and fit one another, wherever they come from. Throws an Error that
// names the field.
void verify(const ModelInfo& info);

// verify() of the information and of the graph, and that its outputs are what the head promises.
void verify(const Model& model);

}  // namespace octet
