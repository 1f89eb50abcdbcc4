#include "format/import_network.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "format/import/fold_scaling.h"
#include "format/import/simplify.h"
#include "format/onnx/external_data.h"
#include "format/onnx/onnx_network.h"
#include "format/tflite/tflite_network.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr double kPixelLimit = 255;
constexpr size_t kChannels = 3;
constexpr size_t kMostOutputs = 1000;
constexpr const char* kFamily = "network";

// ---- the input's values

// Of a known network, by the names of its outputs.
struct KnownInput {
  std::vector<std::string_view> outputs;
  double mean, deviation;
};
const std::vector<KnownInput>& known_inputs() {
  static const std::vector<KnownInput> list{
      // PoseNet takes −1..1.
      {{"heatmap", "offset", "displacement_fwd", "displacement_bwd"}, 127.5, 127.5},
  };
  return list;
}

// x · factor + shift, for each channel.
struct Scaling {
  std::array<double, kChannels> factor{1, 1, 1}, shift{};
};

// A scaling of the image's channels, or a BatchNorm of them; nothing for other nodes.
std::optional<Conv2d> as_scaling(const Node& node) {
  if (const auto* norm = std::get_if<BatchNorm>(&node.op)) return scaling_of(*norm);
  if (is_scaling(node)) return std::get<Conv2d>(node.op);
  return std::nullopt;
}

// The first scalings of the network together.
std::optional<Scaling> first_scaling(const Graph& graph) {
  std::optional<Scaling> all;
  std::string value = kValuesNode;
  for (size_t i = 1; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.inputs.size() != 1 || node.inputs[0] != value) continue;
    const std::optional<Conv2d> next = as_scaling(node);
    if (!next || next->weight.values.size() != kChannels) break;
    if (!all) all.emplace();
    for (size_t c = 0; c < kChannels; ++c) {
      const double factor = next->weight.values[c];
      all->factor[c] *= factor;
      all->shift[c] = all->shift[c] * factor + (next->bias.empty() ? 0 : next->bias.values[c]);
    }
    value = node.name;
  }
  return all;
}

// Whether every channel is made much smaller, or has a large mean subtracted.
bool is_of_bytes(const Scaling& scaling) {
  constexpr double kOfBytes = 0.1;
  constexpr double kMeanOfBytes = 10;
  for (size_t c = 0; c < kChannels; ++c) {
    if (!(std::abs(scaling.factor[c]) < kOfBytes ||
          std::abs(scaling.shift[c] / scaling.factor[c]) > kMeanOfBytes))
      return false;
  }
  return true;
}

// Fractions of 255, unless the network is known, or itself divides by much or subtracts much.
InputValues guessed_values(const NetworkFile& file) {
  std::set<std::string_view> names;
  for (const FileOutput& o : file.outputs) names.insert(o.name);
  for (const KnownInput& known : known_inputs()) {
    const bool all = std::all_of(known.outputs.begin(), known.outputs.end(),
                                 [&](std::string_view name) { return names.contains(name); });
    if (all) return {{known.mean}, {known.deviation}};
  }
  const auto scaling = first_scaling(file.graph);
  const bool bytes = file.bytes || (scaling && is_of_bytes(*scaling));
  return {{0}, {bytes ? 1 : kPixelLimit}};
}

void require_numbers(const std::vector<double>& numbers, const char* option) {
  if (numbers.size() != 1 && numbers.size() != kChannels)
    fail_usage("{}: has {} numbers; one is expected, or one for each of R, G, B", option,
               numbers.size());
}

// The file's input as a scaling of fractions.
void set_values(const InputValues& values, Conv2d& scaling) {
  require_numbers(values.mean, "--mean");
  require_numbers(values.deviation, "--std");
  for (size_t c = 0; c < kChannels; ++c) {
    const double mean = values.mean[c % values.mean.size()];
    const double deviation = values.deviation[c % values.deviation.size()];
    if (!(deviation > 0)) fail_usage("--std: {} is not a positive number", deviation);
    scaling.weight.values.at(c) = static_cast<float>(kPixelLimit / deviation);
    scaling.bias.values.at(c) = static_cast<float>(-mean / deviation);
  }
}

// ---- outputs

RawForm form_of(const FileOutput& output, const Shape& sides, const std::string& name) {
  RawForm form{.name = name};
  const Computed& x = output.value;
  const std::vector<int> order = long_axes(x.order, sides);
  const bool first = order == long_axes(kChannelsFirst, sides);
  const bool last = order == long_axes(kChannelsLast, sides);
  if (!first && !last)
    fail("the output '{}' has the axes of an image in an order that octet does not write",
         output.name);
  const auto in_order = [&](const AxisOrder& axes) {
    Shape shape;
    for (const int axis : axes) shape.push_back(sides[static_cast<size_t>(axis)]);
    return shape;
  };
  const bool image = (first && x.shape == in_order(kChannelsFirst)) ||
                     (last && x.shape == in_order(kChannelsLast));
  if (image) return form;
  form.shape = x.shape;
  form.channels_last = !first;
  return form;
}

// Takes a name like this one that is not taken yet.
std::string take_name(const std::string& name, std::set<std::string>& taken) {
  std::string unique = name;
  for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{}.{}", name, i);
  return unique;
}

// The names of the outputs in the model. Those that can keep theirs come first: others may become
// alike.
std::vector<std::string> output_names(const NetworkFile& file, std::set<std::string>& taken,
                                      std::vector<std::string>& notes) {
  std::vector<std::string> names(file.outputs.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& own = file.outputs[i].name;
    if (plain_name(own) == own && taken.insert(own).second) names[i] = own;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty()) continue;
    names[i] = take_name(plain_name(file.outputs[i].name), taken);
    notes.push_back(fmt::format("the output '{}' is named '{}'", file.outputs[i].name, names[i]));
  }
  return names;
}

// Adds a node that makes the value once more. `name`: of the node.
void add_copy(Graph& graph, const std::string& name, const std::string& value, int64_t channels) {
  const std::vector<float> ones(static_cast<size_t>(channels), 1.0F);
  graph.nodes.push_back({.name = name,
                         .op = Conv2d{.groups = static_cast<int>(channels),
                                      .weight = {{channels, 1, 1, 1}, ones},
                                      .bias = {}},
                         .inputs = {value}});
}

void add_outputs(const NetworkFile& file, Model& model, std::vector<std::string>& notes) {
  if (file.outputs.size() > kMostOutputs)
    fail("has {} outputs; {} are the most", file.outputs.size(), kMostOutputs);
  std::set<std::string> values;
  std::set<std::string> names{model.graph.input, kOnesNode};
  for (const Node& node : model.graph.nodes) names.insert(node.name);
  const std::vector<std::string> own = output_names(file, names, notes);
  for (size_t i = 0; i < file.outputs.size(); ++i) {
    const FileOutput& o = file.outputs[i];
    const Shape& sides = file.shapes.at(o.value.value);
    const RawForm form = form_of(o, sides, own[i]);
    std::string value = o.value.value;
    if (!values.insert(value).second) {  // a value is one output only
      value = take_name(o.value.value + ".copy", names);
      add_copy(model.graph, value, o.value.value, sides[1]);
    }
    model.add_output({.value = value, .role = OutputRole::kRaw, .stride = 0, .raw = form});
  }
}

ImportedNetwork network_of(NetworkFile file, const InputValues& values,
                           const PoseHeadRequest& head) {
  ImportedNetwork made{.model = {}, .values = values, .notes = std::move(file.notes)};
  Model& model = made.model;
  model.info.family = kFamily;
  model.info.task = Task::kRaw;
  model.info.source = file.source;
  set_values(values, std::get<Conv2d>(file.graph.nodes.at(0).op));
  model.graph = std::move(file.graph);
  add_outputs(file, model, made.notes);
  model.graph = simplify(std::move(model.graph));
  model.info.pose_head = find_pose_head(model, head);
  verify(model);
  return made;
}

}  // namespace

bool is_network_file(const fs::path& path) {
  return path.extension() == ".onnx" || path.extension() == ".tflite";
}

ImportedNetwork import_network(std::span<const std::byte> bytes, const std::string& name,
                               const ImportOptions& options) {
  NetworkFile file = fs::path(name).extension() == ".onnx"
                         ? read_onnx_network(bytes, name, options)
                         : read_tflite_network(bytes, name, options);
  InputValues values = guessed_values(file);
  if (!options.values.mean.empty()) values.mean = options.values.mean;
  if (!options.values.deviation.empty()) values.deviation = options.values.deviation;
  try {
    return network_of(std::move(file), values, options.head);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kUsage) throw;
    fail("{}: {}", name, e.what());
  }
}

ImportedNetwork import_network(const fs::path& path, const ImportOptions& options) {
  std::string content = read_text_file(path);
  if (path.extension() == ".onnx") take_in_external_data(content, path);
  return import_network(as_bytes(content), path.string(), options);
}

}  // namespace octet
