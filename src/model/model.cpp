#include "model/model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.h"
#include "core/size.h"
#include "graph/json/graph_json.h"
#include "graph/shapes.h"
#include "graph/verify.h"

namespace octet {
namespace {
constexpr size_t kMaxClasses = 10000;
constexpr int kMaxKeypoints = 1000;

void verify_head(const Head& head) {
  if (head.bins.size() > kMaxBins)
    fail("{} bins of a box side are more than {}", head.bins.size(), kMaxBins);
  for (const float bin : head.bins) {
    if (!std::isfinite(bin)) fail("a bin of the box sides is {}", bin);
  }
  if (head.keypoints < 0 || head.keypoints > kMaxKeypoints)
    fail("{} keypoints; at most {} are possible", head.keypoints, kMaxKeypoints);
  if (head.keypoints > 0 && head.keypoint_dims != 2 && head.keypoint_dims != 3)
    fail("keypoints of {} numbers; 2 or 3 are expected", head.keypoint_dims);
  if (head.strides.empty()) fail("the model has no strides");
  for (const int stride : head.strides) {
    if (stride < 2 || stride > kInputMultiple * 2) fail("stride {} is not within 2..64", stride);
  }
  if (std::adjacent_find(head.strides.begin(), head.strides.end(), std::greater_equal<>()) !=
      head.strides.end())
    fail("the strides ({}) do not rise", fmt::join(head.strides, ", "));
}

// Empty, or each keypoint once.
void verify_flip_index(std::vector<int> index, int keypoints) {
  if (index.empty()) return;
  const std::string said = fmt::format("{}", fmt::join(index, ", "));
  std::sort(index.begin(), index.end());
  std::vector<int> all(static_cast<size_t>(keypoints));
  std::iota(all.begin(), all.end(), 0);
  if (index != all)
    fail("flip_index ({}) does not name each of the {} keypoints once", said, keypoints);
}
}  // namespace

std::string_view layout_name(Layout layout) {
  switch (layout) {
    case Layout::kRaw:
      return "raw";
    case Layout::kUltralytics:
      return "ultralytics";
    case Layout::kDetections:
      return "detections";
    case Layout::kEveryValue:
      return "every-value";
    case Layout::kFrigate:
      return "frigate";
  }
  return "?";
}

Layout parse_layout(std::string_view name) {
  for (const Layout layout : {Layout::kRaw, Layout::kUltralytics, Layout::kFrigate}) {
    if (layout_name(layout) == name) return layout;
  }
  fail("the layout '{}' is not known; there are raw, ultralytics and frigate", name);
}

std::string_view task_name(Task task) { return task == Task::kPose ? "pose" : "detect"; }

nlohmann::json to_json(const ModelInfo& info) {
  nlohmann::json json{
      {"task", task_name(info.task)},     {"names", info.names},
      {"strides", info.head.strides},     {"bins", info.head.bins},
      {"keypoints", info.head.keypoints}, {"keypoint_dims", info.head.keypoint_dims},
      {"flip_index", info.flip_index},    {"source", info.source},
      {"licence", info.licence}};
  // Files of YOLOv8 stay readable by versions that know no other.
  if (info.family != ModelInfo{}.family) json["family"] = info.family;
  if (info.trained_side > 0) json["imgsz"] = info.trained_side;
  return json;
}

ModelInfo info_from_json(const nlohmann::json& j) {
  ModelInfo info;
  try {
    const auto task = j.at("task").get<std::string>();
    if (task != "detect" && task != "pose") fail("task '{}' is not one of detect, pose", task);
    info.task = task == "pose" ? Task::kPose : Task::kDetect;
    info.family = j.value("family", info.family);  // absent in files of before there were others
    info.names = j.at("names").get<std::vector<std::string>>();
    info.head.strides = j.at("strides").get<std::vector<int>>();
    info.head.bins = j.at("bins").get<std::vector<float>>();
    info.head.keypoints = j.at("keypoints").get<int>();
    info.head.keypoint_dims = j.at("keypoint_dims").get<int>();
    info.flip_index = j.at("flip_index").get<std::vector<int>>();
    info.source = j.at("source").get<std::string>();
    info.licence = j.at("licence").get<std::string>();
    info.trained_side = j.value("imgsz", 0);  // absent in older files
  } catch (const nlohmann::json::exception& e) {
    fail("model information: {}", e.what());
  }
  verify(info);
  return info;
}

void verify(const ModelInfo& info) {
  if (info.names.empty() || info.names.size() > kMaxClasses)
    fail("a model of {} classes; 1 to {} are possible", info.names.size(), kMaxClasses);
  verify_head(info.head);
  if ((info.head.keypoints == 0) == (info.task == Task::kPose))
    fail("{} keypoints do not fit the task {}", info.head.keypoints, task_name(info.task));
  verify_flip_index(info.flip_index, info.head.keypoints);
  if (info.trained_side < 0 || info.trained_side > kMaxInputSide ||
      info.trained_side % kInputMultiple != 0)
    fail("imgsz {} is not a multiple of {} up to {}", info.trained_side, kInputMultiple,
         kMaxInputSide);
}

std::vector<Output> Model::outputs() const {
  std::vector<Output> list;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const HeadOutput meaning = head_outputs.at(i);
    list.push_back({.value = graph.outputs[i], .role = meaning.role, .stride = meaning.stride});
  }
  return list;
}

void Model::add_output(const Output& output) {
  graph.outputs.push_back(output.value);
  head_outputs.push_back({.role = output.role, .stride = output.stride});
}

nlohmann::json graph_to_json(const Model& model) {
  nlohmann::json json = to_json(model.graph);
  auto& outputs = json["outputs"] = nlohmann::json::array();
  for (const Output& o : model.outputs())
    outputs.push_back({{"value", o.value}, {"role", role_name(o.role)}, {"stride", o.stride}});
  return json;
}

void read_graph_json(const nlohmann::json& json, Model& model) {
  model.graph = graph_from_json(json);
  try {
    for (const nlohmann::json& o : json.at("outputs"))
      model.add_output({.value = o.at("value").get<std::string>(),
                        .role = parse_role(o.at("role").get<std::string>()),
                        .stride = o.at("stride").get<int>()});
  } catch (const nlohmann::json::exception& e) {
    fail("outputs: {}", e.what());
  }
}

std::vector<int> coco_flip_index() {
  return {0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15};
}

void verify(const Model& model) {
  verify(model.info);
  verify(model.graph);
  if (model.head_outputs.size() != model.graph.outputs.size())
    fail("the graph has {} outputs, the head {}", model.graph.outputs.size(),
         model.head_outputs.size());
  const Size size{kInputMultiple * 2, kInputMultiple * 2};
  const auto shapes = infer_shapes(model.graph, size);
  const std::vector<Output> outputs = model.outputs();
  const Head& head = model.info.head;
  std::vector<OutputRole> known = head.roles();
  if (head.keypoints > 0) known.push_back(OutputRole::kFineKeypoint);
  size_t expected = 0;
  for (const int stride : head.strides) {
    for (const OutputRole role : known) {
      const Output wanted{.value = "", .role = role, .stride = stride};
      const auto is_wanted = [&](const Output& o) { return o.role == role && o.stride == stride; };
      const auto count = std::count_if(outputs.begin(), outputs.end(), is_wanted);
      if (count == 0 && role == OutputRole::kFineKeypoint) continue;
      if (count == 0) fail("the graph lacks the output {}", wanted.name());
      if (count > 1) fail("output {}: is there twice", wanted.name());
      ++expected;
      const auto found = std::find_if(outputs.begin(), outputs.end(), is_wanted);
      const Shape& shape = shapes.at(found->value);
      const int channels = head.channels(role, model.info.names.size());
      if (shape[1] != channels)
        fail("output {}: {} channels, the model's information asks for {}", wanted.name(), shape[1],
             channels);
      if (shape[2] != size.height / stride)
        fail("output {}: its stride does not fit its shape {}", wanted.name(), to_string(shape));
    }
  }
  if (outputs.size() != expected) fail("the graph has outputs beyond the {} expected", expected);
}

}  // namespace octet
