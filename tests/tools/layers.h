// Layers of YOLO networks with random weights, for tests.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/module_tree.h"

namespace octet {

struct C2fShape {
  int outputs = 0, inputs = 0, repeats = 1;
  bool shortcut = false;
};

// Layers with random weights, as a checkpoint reader gives them.
class Layers {
 public:
  // `gain`: the standard deviation of a convolution's outputs for inputs of standard deviation 1.
  explicit Layers(double gain = 1) : gain_(gain) {}

  Module conv2d(const std::string& name, int outputs, int inputs, int kernel, int stride = 1) {
    Module m{.name = name, .type = "Conv2d"};
    m.tensors["weight"] =
        noise({outputs, inputs, kernel, kernel}, gain_ / std::sqrt(1.0 * inputs * kernel * kernel));
    m.number_attributes = {{"stride", {1.0 * stride, 1.0 * stride}},
                           {"padding", {1.0 * ((kernel - 1) / 2), 1.0 * ((kernel - 1) / 2)}},
                           {"groups", {1}}};
    return m;
  }
  Module norm(int channels) {
    Module m{.name = "bn", .type = "BatchNorm2d"};
    for (const char* key : {"weight", "running_var"}) {
      m.tensors[key] = noise({channels}, 0.1);
      for (float& v : m.tensors[key].values) v = 1 + std::abs(v);
    }
    for (const char* key : {"bias", "running_mean"}) m.tensors[key] = noise({channels}, 0.1);
    m.number_attributes["eps"] = {1e-3};
    return m;
  }
  Module conv(const std::string& name, int outputs, int inputs, int kernel = 1, int stride = 1,
              bool activated = true) {
    Module m{.name = name, .type = "Conv"};
    m.children = {conv2d("conv", outputs, inputs, kernel, stride), norm(outputs)};
    m.children.push_back({.name = "act", .type = activated ? "SiLU" : "Identity"});
    return m;
  }
  Module rep_conv(const std::string& name, int channels, bool shortcut) {
    Module m{.name = name, .type = "RepConv"};
    m.children = {conv("conv1", channels, channels, 3, 1, false),
                  conv("conv2", channels, channels, 1, 1, false)};
    if (shortcut) m.children.push_back(norm(channels));
    m.children.push_back({.name = "act", .type = "SiLU"});
    return m;
  }
  Module bottleneck(const std::string& name, const char* type, int channels, bool rep) {
    Module m{.name = name, .type = type, .number_attributes = {{"add", {1}}}};
    m.children = {rep ? rep_conv("cv1", channels, false) : conv("cv1", channels, channels),
                  conv("cv2", channels, channels, 3)};
    return m;
  }
  // C3, and RepCSP.
  Module c3(const std::string& name, int outputs, int inputs, bool rep = false) {
    const int hidden = outputs / 2;
    Module m{.name = name, .type = rep ? "RepCSP" : "C3"};
    Module chain{.name = "m", .type = "Sequential"};
    chain.children = {bottleneck("0", rep ? "RepBottleneck" : "Bottleneck", hidden, rep)};
    m.children = {conv("cv1", hidden, inputs), conv("cv2", hidden, inputs),
                  conv("cv3", outputs, 2 * hidden), chain};
    return m;
  }
  Module elan4(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "RepNCSPELAN4"};
    const auto stage = [&](const char* stage_name) {
      Module s{.name = stage_name, .type = "Sequential"};
      s.children = {c3("0", 4, 4, true), conv("1", 4, 4, 3)};
      return s;
    };
    m.children = {conv("cv1", 8, inputs), stage("cv2"), stage("cv3"), conv("cv4", outputs, 16)};
    return m;
  }
  Module elan1(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "ELAN1"};
    m.children = {conv("cv1", 8, inputs), conv("cv2", 4, 4, 3), conv("cv3", 4, 4, 3),
                  conv("cv4", outputs, 16)};
    return m;
  }
  Module aconv(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "AConv"};
    m.children = {conv("cv1", outputs, inputs, 3, 2)};
    return m;
  }
  Module adown(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "ADown"};
    m.children = {conv("cv1", outputs / 2, inputs / 2, 3, 2), conv("cv2", outputs / 2, inputs / 2)};
    return m;
  }
  Module sppelan(const std::string& name, int outputs, int inputs) {
    Module m{.name = name, .type = "SPPELAN"};
    m.children = {conv("cv1", 4, inputs)};
    for (const char* name_of_pool : {"cv2", "cv3", "cv4"}) m.children.push_back(pool(name_of_pool));
    m.children.push_back(conv("cv5", outputs, 16));
    return m;
  }
  Module c2f(const std::string& name, const C2fShape& shape) {
    const int hidden = shape.outputs / 2;
    Module m{.name = name, .type = "C2f"};
    Module chain{.name = "m", .type = "ModuleList"};
    for (int i = 0; i < shape.repeats; ++i) {
      Module b{.name = std::to_string(i),
               .type = "Bottleneck",
               .number_attributes = {{"add", {shape.shortcut ? 1.0 : 0.0}}}};
      b.children = {conv("cv1", hidden, hidden, 3), conv("cv2", hidden, hidden, 3)};
      chain.children.push_back(std::move(b));
    }
    m.children = {conv("cv1", 2 * hidden, shape.inputs),
                  conv("cv2", shape.outputs, (2 + shape.repeats) * hidden), std::move(chain)};
    return m;
  }
  Module sppf(const std::string& name, int channels) {
    Module m{.name = name, .type = "SPPF"};
    m.children = {conv("cv1", channels / 2, channels), conv("cv2", channels, 2 * channels),
                  pool("m")};
    return m;
  }
  Module detect(const std::vector<int>& channels) {
    Module m{.name = "head", .type = "Detect"};
    Module dfl{.name = "dfl", .type = "DFL"};
    Module bins{.name = "conv", .type = "Conv2d"};
    bins.tensors["weight"] = {{1, 4, 1, 1}, {0, 1, 2, 3}};
    dfl.children = {bins};
    m.children = {dfl};
    for (const auto& [branch, outputs] : {std::pair{"cv2", 16}, {"cv3", 2}}) {
      Module list{.name = branch, .type = "ModuleList"};
      for (size_t i = 0; i < channels.size(); ++i) {
        Module s{.name = std::to_string(i), .type = "Sequential"};
        s.children = {conv("0", 8, channels[i], 3), conv2d("1", outputs, 8, 1)};
        s.children.back().tensors["bias"] = noise({outputs}, 0.1);
        list.children.push_back(std::move(s));
      }
      m.children.push_back(std::move(list));
    }
    m.number_attributes = {{"reg_max", {4}}, {"nc", {2}}};
    m.tensors["stride"] = {{1}, {16}};
    return m;
  }

  // A head branch with two blocks of `hidden` channels.
  Module branch(const std::string& name, int outputs, int hidden, int inputs) {
    Module s{.name = name, .type = "Sequential"};
    s.children = {conv("0", hidden, inputs, 3), conv("1", hidden, hidden, 3),
                  conv2d("2", outputs, hidden, 1)};
    s.children.back().tensors["bias"] = noise({outputs}, 0.1);
    return s;
  }

 private:
  static Module pool(const std::string& name) {
    return {.name = name,
            .type = "MaxPool2d",
            .number_attributes = {{"kernel_size", {5}}, {"stride", {1}}, {"padding", {2}}}};
  }
  Tensor noise(const Shape& shape, double spread) {
    std::normal_distribution<float> normal(0, static_cast<float>(spread));
    Tensor t{.shape = shape, .values = {}};
    for (int64_t i = 0; i < element_count(shape); ++i) t.values.push_back(normal(random_));
    return t;
  }
  double gain_;
  std::mt19937 random_{11};
};

inline Module network(std::vector<Module> layers) {
  Module list{.name = "model", .type = "Sequential"};
  list.children = std::move(layers);
  Module root{.name = "", .type = "DetectionModel"};
  root.children = {std::move(list)};
  return root;
}

}  // namespace octet
