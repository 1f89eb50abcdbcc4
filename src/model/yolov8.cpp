#include "model/yolov8.h"

#include <cmath>
#include <optional>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

const Module& child(const Module& module, const std::string& name, const std::string& path) {
  const Module* found = module.child(name);
  if (found == nullptr)
    fail("{} ({}): has no part '{}'; is this a YOLOv8 model?", path, module.type, name);
  return *found;
}

// The first of an attribute's numbers; for pairs both have to be equal.
std::optional<int> optional_number(const Module& module, const std::string& name,
                                   const std::string& path) {
  const auto found = module.numbers.find(name);
  if (found == module.numbers.end() || found->second.empty()) return std::nullopt;
  for (const double v : found->second) {
    if (v != found->second[0])
      fail("{} ({}): '{}' differs between its sides, not supported", path, module.type, name);
  }
  const double value = found->second[0];
  if (value != std::floor(value) || std::fabs(value) > 1e6) {
    fail("{} ({}): '{}' is {}, a small whole number is expected", path, module.type, name, value);
  }
  return static_cast<int>(value);
}

int number(const Module& module, const std::string& name, const std::string& path) {
  const auto value = optional_number(module, name, path);
  if (!value) fail("{} ({}): has no number '{}'", path, module.type, name);
  return *value;
}

const Tensor& tensor(const Module& module, const std::string& name, const std::string& path) {
  const auto found = module.tensors.find(name);
  if (found == module.tensors.end()) fail("{} ({}): has no tensor '{}'", path, module.type, name);
  return found->second;
}

class Builder {
 public:
  explicit Builder(ModelInfo info) { model_.info = std::move(info); }

  Model build(const Module& root) {
    const Module& layers = child(root, "model", "checkpoint");
    if (layers.children.empty()) fail("the checkpoint's model has no layers");
    for (size_t i = 0; i < layers.children.size(); ++i) {
      layer(layers.children[i], i, i + 1 == layers.children.size());
    }
    verify(model_);
    return std::move(model_);
  }

 private:
  // ---- layers, in the order of the checkpoint
  void layer(const Module& module, size_t index, bool last) {
    const std::string path = fmt::format("model.{}", index);
    const std::vector<std::string> inputs = sources(module, index, path);
    if (module.type == "Detect" || module.type == "Pose") {
      if (!last) fail("{} ({}): the head is expected last", path, module.type);
      head(module, inputs, path);
      return;
    }
    if (last) fail("{} ({}): a Detect or Pose head is expected last", path, module.type);
    if (module.type != "Concat" && inputs.size() != 1)
      fail("{} ({}): takes one input", path, module.type);
    values_.push_back(body_layer(module, inputs, path));
  }

  std::string body_layer(const Module& module, const std::vector<std::string>& inputs,
                         const std::string& path) {
    if (module.type == "Conv") return conv_block(module, inputs[0], path);
    if (module.type == "C2f") return c2f(module, inputs[0], path);
    if (module.type == "SPPF") return sppf(module, inputs[0], path);
    if (module.type == "Concat") return add(path, Concat{}, inputs);
    if (module.type == "Upsample") {
      const auto mode = module.texts.find("mode");
      if (mode != module.texts.end() && mode->second != "nearest") {
        fail("{} (Upsample): mode '{}' is not supported, only nearest", path, mode->second);
      }
      return add(path, ResizeNearest{number(module, "scale_factor", path)}, inputs);
    }
    fail("{}: a layer of type {} is not part of YOLOv8", path, module.type);
  }

  // "f" counts layers: -1 is the one before, a list joins several.
  std::vector<std::string> sources(const Module& module, size_t index,
                                   const std::string& path) const {
    const auto found = module.numbers.find("f");
    std::vector<std::string> names;
    for (const double from :
         found == module.numbers.end() ? std::vector<double>{-1} : found->second) {
      const double at = from < 0 ? static_cast<double>(index) + from : from;
      if (at == -1 && index == 0) {
        names.push_back(model_.graph.input);
        continue;
      }
      if (!(at >= 0) || at >= static_cast<double>(values_.size())) {
        fail("{} ({}): takes its input from layer {}, which is not before it", path, module.type,
             from);
      }
      names.push_back(values_[static_cast<size_t>(at)]);
    }
    return names;
  }

  // ---- blocks
  std::string conv_block(const Module& module, const std::string& input, const std::string& path) {
    std::string value = conv(child(module, "conv", path), input, path + ".conv");
    if (const Module* bn = module.child("bn")) {
      BatchNorm norm{.epsilon = epsilon(*bn, path),
                     .gamma = tensor(*bn, "weight", path),
                     .beta = tensor(*bn, "bias", path),
                     .mean = tensor(*bn, "running_mean", path),
                     .variance = tensor(*bn, "running_var", path)};
      value = add(path + ".bn", std::move(norm), {value});
    }
    const Module* act = module.child("act");
    const std::string type = act == nullptr ? "Identity" : act->type;
    if (type == "Identity") return value;
    static const std::map<std::string, ActivationKind> kinds = {
        {"SiLU", ActivationKind::kSilu},
        {"ReLU", ActivationKind::kRelu},
        {"ReLU6", ActivationKind::kRelu6},
        {"Hardswish", ActivationKind::kHardswish}};
    const auto kind = kinds.find(type);
    if (kind == kinds.end()) fail("{}: the activation {} is not supported", path, type);
    return add(path + ".act", Activation{kind->second}, {value});
  }

  static float epsilon(const Module& bn, const std::string& path) {
    const auto found = bn.numbers.find("eps");
    if (found == bn.numbers.end() || found->second.size() != 1)
      fail("{}.bn: has no number 'eps'", path);
    return static_cast<float>(found->second[0]);
  }

  static Conv2d make_conv(const Module& module, const std::string& path) {
    if (module.type != "Conv2d") fail("{}: a Conv2d is expected, found {}", path, module.type);
    if (optional_number(module, "dilation", path).value_or(1) != 1)
      fail("{}: dilation is not supported", path);
    Conv2d op{.stride = number(module, "stride", path),
              .padding = number(module, "padding", path),
              .groups = optional_number(module, "groups", path).value_or(1),
              .weight = tensor(module, "weight", path),
              .bias = {}};
    if (const auto bias = module.tensors.find("bias"); bias != module.tensors.end())
      op.bias = bias->second;
    if (op.weight.shape.size() != 4) fail("{}: a weight of 4 dimensions is expected", path);
    if (!op.bias.empty() && op.bias.shape != Shape{op.weight.shape[0]})
      fail("{}: the bias does not fit the weight", path);
    return op;
  }

  std::string conv(const Module& module, const std::string& input, const std::string& path) {
    return add(path, make_conv(module, path), {input});
  }

  // Cross-stage block: half of cv1's channels pass through a chain of bottlenecks, every
  // intermediate result is joined, cv2 mixes.
  std::string c2f(const Module& module, const std::string& input, const std::string& path) {
    const std::string both = conv_block(child(module, "cv1", path), input, path + ".cv1");
    const auto& cv1 = std::get<Conv2d>(model_.graph.find(path + ".cv1.conv")->op);
    const int half = static_cast<int>(cv1.weight.shape[0] / 2);
    std::vector<std::string> parts{add(path + ".split.0", Slice{0, half}, {both}),
                                   add(path + ".split.1", Slice{half, 2 * half}, {both})};
    for (const Module& block : child(module, "m", path).children) {
      parts.push_back(bottleneck(block, parts.back(), fmt::format("{}.m.{}", path, block.name)));
    }
    return conv_block(child(module, "cv2", path), add(path + ".concat", Concat{}, parts),
                      path + ".cv2");
  }

  std::string bottleneck(const Module& module, const std::string& input, const std::string& path) {
    if (module.type != "Bottleneck")
      fail("{}: a Bottleneck is expected, found {}", path, module.type);
    const std::string inner = conv_block(child(module, "cv1", path), input, path + ".cv1");
    const std::string outer = conv_block(child(module, "cv2", path), inner, path + ".cv2");
    return number(module, "add", path) != 0 ? add(path + ".add", Add{}, {input, outer}) : outer;
  }

  // Spatial pyramid pooling: the same max-pool applied again and again, all results joined.
  std::string sppf(const Module& module, const std::string& input, const std::string& path) {
    const Module& pool = child(module, "m", path);
    const MaxPool op{.kernel = number(pool, "kernel_size", path),
                     .stride = number(pool, "stride", path),
                     .padding = number(pool, "padding", path)};
    std::vector<std::string> parts{conv_block(child(module, "cv1", path), input, path + ".cv1")};
    const int repeats = optional_number(module, "n", path).value_or(3);
    for (int i = 0; i < repeats; ++i) {
      parts.push_back(add(fmt::format("{}.m.{}", path, i), op, {parts.back()}));
    }
    const std::string out = conv_block(child(module, "cv2", path),
                                       add(path + ".concat", Concat{}, parts), path + ".cv2");
    return optional_number(module, "add", path).value_or(0) != 0
               ? add(path + ".add", Add{}, {input, out})
               : out;
  }

  // ---- head
  void head(const Module& module, const std::vector<std::string>& inputs, const std::string& path) {
    if (optional_number(module, "end2end", path).value_or(0) != 0) {
      fail("{} ({}): an end-to-end (NMS-free) head is not part of YOLOv8", path, module.type);
    }
    ModelInfo& info = model_.info;
    info.bins = tensor(child(child(module, "dfl", path), "conv", path), "weight", path).values;
    if (static_cast<int>(info.bins.size()) != number(module, "reg_max", path))
      fail("{}: dfl's weight does not fit reg_max", path);
    if (module.type == "Pose") read_keypoint_shape(module, path);
    const Tensor& strides = tensor(module, "stride", path);
    if (strides.values.size() != inputs.size())
      fail("{}: {} strides for {} inputs", path, strides.values.size(), inputs.size());
    if (number(module, "nc", path) != static_cast<int>(info.names.size())) {
      fail("{}: {} classes, but the checkpoint names {}", path, number(module, "nc", path),
           info.names.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const int stride = static_cast<int>(strides.values[i]);
      info.strides.push_back(stride);
      output(OutputRole::kBox, stride, branch(module, "cv2", i, inputs[i], path));
      output(OutputRole::kClass, stride, branch(module, "cv3", i, inputs[i], path));
      if (module.type == "Pose") keypoint_branch(module, i, inputs[i], path);
    }
  }

  void read_keypoint_shape(const Module& module, const std::string& path) {
    const auto found = module.numbers.find("kpt_shape");
    if (found == module.numbers.end() || found->second.size() != 2)
      fail("{} (Pose): has no kpt_shape", path);
    ModelInfo& info = model_.info;
    info.task = Task::kPose;
    info.keypoints = static_cast<int>(found->second[0]);
    info.keypoint_dims = static_cast<int>(found->second[1]);
    if (info.keypoints < 1 || info.keypoints > 1000 ||
        (info.keypoint_dims != 2 && info.keypoint_dims != 3)) {
      fail("{} (Pose): kpt_shape ({}, {}) is not supported", path, info.keypoints,
           info.keypoint_dims);
    }
    if (info.flip_index.empty() && info.keypoints == 17) info.flip_index = coco_flip_index();
  }

  // All but the last convolution of a head branch; `last` receives that one.
  std::string branch_stem(const Module& sequence, std::string value, const std::string& path) {
    for (size_t i = 0; i + 1 < sequence.children.size(); ++i) {
      const Module& part = sequence.children[i];
      if (part.type != "Conv")
        fail("{}.{}: a {} is not part of YOLOv8's head", path, part.name, part.type);
      value = conv_block(part, value, path + "." + part.name);
    }
    return value;
  }

  std::string branch(const Module& module, const std::string& name, size_t i,
                     const std::string& input, const std::string& path) {
    const std::string prefix = fmt::format("{}.{}.{}", path, name, i);
    const Module& sequence = child(child(module, name, path), std::to_string(i), path);
    if (sequence.children.empty()) fail("{}: is empty", prefix);
    const std::string stem = branch_stem(sequence, input, prefix);
    return conv(sequence.children.back(), stem, prefix + "." + sequence.children.back().name);
  }

  // The last 1×1 convolution makes (x, y, visibility) per keypoint; it is split by output channel,
  // which is exact.
  void keypoint_branch(const Module& module, size_t i, const std::string& input,
                       const std::string& path) {
    const ModelInfo& info = model_.info;
    const std::string prefix = fmt::format("{}.cv4.{}", path, i);
    const Module& sequence = child(child(module, "cv4", path), std::to_string(i), path);
    if (sequence.children.empty()) fail("{}: is empty", prefix);
    const std::string stem = branch_stem(sequence, input, prefix);
    const std::string name = prefix + "." + sequence.children.back().name;
    const Conv2d whole = make_conv(sequence.children.back(), name);
    if (whole.weight.shape.at(0) != info.keypoints * info.keypoint_dims || whole.bias.empty()) {
      fail("{}: {} output channels do not fit kpt_shape ({}, {})", name, whole.weight.shape.at(0),
           info.keypoints, info.keypoint_dims);
    }
    std::vector<size_t> coordinates;
    std::vector<size_t> visibilities;
    for (int k = 0; k < info.keypoints; ++k) {
      const auto first = static_cast<size_t>(k) * info.keypoint_dims;
      coordinates.insert(coordinates.end(), {first, first + 1});
      if (info.keypoint_dims == 3) visibilities.push_back(first + 2);
    }
    const int stride = info.strides.back();
    output(OutputRole::kKeypoint, stride,
           add(name + ".keypoint", select(whole, coordinates), {stem}));
    if (!visibilities.empty()) {
      output(OutputRole::kVisibility, stride,
             add(name + ".visibility", select(whole, visibilities), {stem}));
    }
  }

  static Conv2d select(const Conv2d& whole, const std::vector<size_t>& channels) {
    Conv2d part{.stride = whole.stride,
                .padding = whole.padding,
                .groups = whole.groups,
                .weight = {},
                .bias = {}};
    const size_t row = whole.weight.values.size() / static_cast<size_t>(whole.weight.shape[0]);
    for (const size_t c : channels) {
      const auto begin = whole.weight.values.begin() + static_cast<std::ptrdiff_t>(c * row);
      part.weight.values.insert(part.weight.values.end(), begin,
                                begin + static_cast<std::ptrdiff_t>(row));
      part.bias.values.push_back(whole.bias.values.at(c));
    }
    part.weight.shape = whole.weight.shape;
    part.weight.shape[0] = static_cast<int64_t>(channels.size());
    part.bias.shape = {static_cast<int64_t>(channels.size())};
    return part;
  }

  void output(OutputRole role, int stride, const std::string& value) {
    model_.graph.outputs.push_back({.value = value, .role = role, .stride = stride});
  }

  std::string add(const std::string& name, Operator op, std::vector<std::string> inputs) {
    model_.graph.nodes.push_back({.name = name, .op = std::move(op), .inputs = std::move(inputs)});
    return name;
  }

  Model model_;
  std::vector<std::string> values_;  // value of each layer
};

}  // namespace

Model build_yolov8(const Module& root, ModelInfo info) {
  return Builder(std::move(info)).build(root);
}

}  // namespace octet
