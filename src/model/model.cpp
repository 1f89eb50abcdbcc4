#include "model/model.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "graph/shapes.h"

namespace octet {
namespace {
constexpr size_t kMaxClasses = 10000;
constexpr int kMaxKeypoints = 1000;
}  // namespace

std::string_view task_name(Task task) { return task == Task::kPose ? "pose" : "detect"; }

nlohmann::json to_json(const ModelInfo& info) {
  return {{"task", task_name(info.task)},  {"names", info.names},
          {"strides", info.strides},       {"bins", info.bins},
          {"keypoints", info.keypoints},   {"keypoint_dims", info.keypoint_dims},
          {"flip_index", info.flip_index}, {"source", info.source},
          {"licence", info.licence}};
}

ModelInfo info_from_json(const nlohmann::json& j) {
  ModelInfo info;
  try {
    const auto task = j.at("task").get<std::string>();
    if (task != "detect" && task != "pose") fail("task '{}' is not one of detect, pose", task);
    info.task = task == "pose" ? Task::kPose : Task::kDetect;
    info.names = j.at("names").get<std::vector<std::string>>();
    info.strides = j.at("strides").get<std::vector<int>>();
    info.bins = j.at("bins").get<std::vector<float>>();
    info.keypoints = j.at("keypoints").get<int>();
    info.keypoint_dims = j.at("keypoint_dims").get<int>();
    info.flip_index = j.at("flip_index").get<std::vector<int>>();
    info.source = j.at("source").get<std::string>();
    info.licence = j.at("licence").get<std::string>();
  } catch (const nlohmann::json::exception& e) {
    fail("model information: {}", e.what());
  }
  if (info.names.empty() || info.names.size() > kMaxClasses)
    fail("a model of {} classes", info.names.size());
  if (info.bins.size() > kMaxBins)
    fail("{} bins of a box side are more than {}", info.bins.size(), kMaxBins);
  if (info.keypoints < 0 || info.keypoints > kMaxKeypoints ||
      (info.keypoints == 0) == (info.task == Task::kPose)) {
    fail("{} keypoints do not fit the task {}", info.keypoints, task_name(info.task));
  }
  if (info.keypoints > 0 && info.keypoint_dims != 2 && info.keypoint_dims != 3) {
    fail("keypoints of {} numbers; 2 or 3 are expected", info.keypoint_dims);
  }
  for (const int stride : info.strides) {
    if (stride < 2 || stride > kInputMultiple * 2) fail("stride {} is not within 2..64", stride);
  }
  if (info.strides.empty()) fail("the model has no strides");
  return info;
}

int role_channels(const ModelInfo& info, OutputRole role) {
  switch (role) {
    case OutputRole::kBox:
      return 4 * static_cast<int>(info.bins.size());
    case OutputRole::kClass:
      return static_cast<int>(info.names.size());
    case OutputRole::kKeypoint:
      return 2 * info.keypoints;
    case OutputRole::kVisibility:
      return info.keypoints;
    case OutputRole::kFineKeypoint:
      return 4 * info.keypoints;
  }
  return 0;
}

std::vector<OutputRole> roles(const ModelInfo& info) {
  std::vector<OutputRole> list{OutputRole::kBox, OutputRole::kClass};
  if (info.keypoints > 0) list.push_back(OutputRole::kKeypoint);
  if (info.keypoints > 0 && info.keypoint_dims == 3) list.push_back(OutputRole::kVisibility);
  return list;
}

std::vector<int> coco_flip_index() {
  return {0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15};
}

void verify(const Model& model) {
  verify(model.graph);
  const auto shapes = infer_shapes(model.graph, {kInputMultiple * 2, kInputMultiple * 2});
  std::vector<OutputRole> known = roles(model.info);
  if (model.info.keypoints > 0) known.push_back(OutputRole::kFineKeypoint);
  size_t expected = 0;
  for (const int stride : model.info.strides) {
    for (const OutputRole role : known) {
      const Output wanted{.value = "", .role = role, .stride = stride};
      const Output* found = nullptr;
      for (const Output& o : model.graph.outputs) {
        if (o.role == role && o.stride == stride) found = &o;
      }
      if (found == nullptr && role == OutputRole::kFineKeypoint) continue;
      if (found == nullptr) fail("the graph lacks the output {}", wanted.name());
      ++expected;
      const int64_t channels = shapes.at(found->value)[1];
      if (channels != role_channels(model.info, role)) {
        fail("output {}: {} channels, the model's information asks for {}", wanted.name(), channels,
             role_channels(model.info, role));
      }
    }
  }
  if (model.graph.outputs.size() != expected)
    fail("the graph has outputs beyond the {} expected", expected);
}

}  // namespace octet
