#include "model/model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/size.h"
#include "graph/json/graph_json.h"
#include "graph/shapes.h"
#include "graph/verify.h"
#include "model/known_keypoints.h"

namespace octet {
namespace {
constexpr size_t kMaxClasses = 10000;
constexpr int kMaxKeypoints = 1000;
constexpr std::array<std::string_view, 3> kTaskNames = {"detect", "pose", "raw"};  // by Task

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

const Skeleton& ModelInfo::skeleton() const {
  return pose_head ? pose_head->skeleton : usual_skeleton(head.keypoints);
}

std::string_view task_name(Task task) { return kTaskNames.at(static_cast<size_t>(task)); }

nlohmann::json to_json(const ModelInfo& info) {
  nlohmann::json json{
      {"task", task_name(info.task)},     {"names", info.names},
      {"strides", info.head.strides},     {"bins", info.head.bins},
      {"keypoints", info.head.keypoints}, {"keypoint_dims", info.head.keypoint_dims},
      {"flip_index", info.flip_index},    {"source", info.source},
      {"licence", info.licence}};
  // Files of YOLOv8 stay readable by versions that know no other.
  if (info.family != ModelInfo{}.family) json["family"] = info.family;
  if (info.pose_head) json["pose_head"] = to_json(*info.pose_head);
  if (info.trained_side > 0) json["imgsz"] = info.trained_side;
  return json;
}

ModelInfo info_from_json(const nlohmann::json& j) {
  ModelInfo info;
  try {
    const auto task = j.at("task").get<std::string>();
    const auto* const known = std::find(kTaskNames.begin(), kTaskNames.end(), task);
    if (known == kTaskNames.end())
      fail("task '{}' is not one of {}", task, fmt::join(kTaskNames, ", "));
    info.task = static_cast<Task>(known - kTaskNames.begin());
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
    if (j.contains("pose_head")) info.pose_head = pose_head_from_json(j.at("pose_head"));
  } catch (const nlohmann::json::exception& e) {
    fail("model information: {}", e.what());
  }
  verify(info);
  return info;
}

void verify(const ModelInfo& info) {
  if (info.task == Task::kRaw) {
    if (!info.head.strides.empty() || !info.head.bins.empty() || info.head.keypoints != 0)
      fail("a network with raw outputs has no strides, bins or keypoints");
    if (info.pose_head) verify(*info.pose_head);
    return;
  }
  if (info.pose_head) fail("a model of the task {} has no pose head", task_name(info.task));
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
    const HeadOutput& meaning = head_outputs.at(i);
    list.push_back({.value = graph.outputs[i],
                    .role = meaning.role,
                    .stride = meaning.stride,
                    .raw = meaning.raw});
  }
  return list;
}

void Model::add_output(const Output& output) {
  graph.outputs.push_back(output.value);
  head_outputs.push_back({.role = output.role, .stride = output.stride, .raw = output.raw});
}

nlohmann::json graph_to_json(const Model& model) {
  nlohmann::json json = to_json(model.graph);
  auto& outputs = json["outputs"] = nlohmann::json::array();
  for (const Output& o : model.outputs()) {
    nlohmann::json j{{"value", o.value}, {"role", role_name(o.role)}, {"stride", o.stride}};
    if (o.role == OutputRole::kRaw)
      j.update(
          {{"name", o.raw.name}, {"shape", o.raw.shape}, {"channels_last", o.raw.channels_last}});
    outputs.push_back(std::move(j));
  }
  return json;
}

void read_graph_json(const nlohmann::json& json, Model& model) {
  model.graph = graph_from_json(json);
  try {
    for (const nlohmann::json& o : json.at("outputs")) {
      Output output{.value = o.at("value").get<std::string>(),
                    .role = parse_role(o.at("role").get<std::string>()),
                    .stride = o.at("stride").get<int>()};
      if (output.role == OutputRole::kRaw)
        output.raw = {.name = o.at("name").get<std::string>(),
                      .shape = o.at("shape").get<Shape>(),
                      .channels_last = o.at("channels_last").get<bool>()};
      model.add_output(output);
    }
  } catch (const nlohmann::json::exception& e) {
    fail("outputs: {}", e.what());
  }
}

void require_known_outputs(const Model& model, const std::string& file) {
  if (model.info.task == Task::kRaw)
    fail("{}: is a network with raw outputs; this works with YOLO models only", file);
}

std::vector<int> coco_flip_index() {
  return {0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15};
}

namespace {

// Names are unique, also beside those of nodes, and shapes hold the values.
void verify_raw_outputs(const Model& model) {
  const auto shapes = infer_shapes(model.graph, model.graph.smallest_size());
  std::set<std::string> names{model.graph.input};
  for (const Node& node : model.graph.nodes) names.insert(node.name);
  for (const Output& o : model.outputs()) {
    if (o.role != OutputRole::kRaw) fail("output {}: is not raw, as the network is", o.name());
    if (o.raw.name.empty() || !names.insert(o.raw.name).second)
      fail("output '{}': its name is not unique", o.raw.name);
    const Shape& shape = shapes.at(o.value);
    if (o.raw.shape.empty()) continue;
    int64_t left = element_count(shape);
    for (const int64_t side : o.raw.shape) {
      if (side < 1 || left % side != 0) left = 0;
      left = left == 0 ? 0 : left / side;
    }
    if (left != 1)
      fail("output '{}': its shape {} does not hold {}", o.raw.name, to_string(o.raw.shape),
           to_string(shape));
  }
  if (!model.info.pose_head) return;
  for (const auto& [part, name] : model.info.pose_head->outputs) {
    const bool found =
        std::any_of(model.head_outputs.begin(), model.head_outputs.end(),
                    [&name = name](const HeadOutput& o) { return o.raw.name == name; });
    if (!found) fail("pose head: the network has no output '{}'", name);
  }
}

}  // namespace

void verify(const Model& model) {
  verify(model.info);
  if (model.info.task == Task::kRaw)
    verify(model.graph,
           "the file that it was imported from holds that, or makes it of its constants");
  else
    verify(model.graph);
  if (model.head_outputs.size() != model.graph.outputs.size())
    fail("the graph has {} outputs, the head {}", model.graph.outputs.size(),
         model.head_outputs.size());
  if (model.info.task == Task::kRaw) return verify_raw_outputs(model);
  if (model.graph.size) fail("the graph has a fixed input; only a network with raw outputs may");
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
