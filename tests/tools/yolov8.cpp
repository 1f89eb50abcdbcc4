#include "yolov8.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "layers.h"
#include "model/families/families.h"

namespace octet {
namespace {

constexpr int kBins = 16;
constexpr int kKeypoints = 17;

struct Scale {
  char name;
  double depth, width;
  int most_channels;
};
constexpr Scale kScales[] = {
    {'n', 0.33, 0.25, 1024}, {'s', 0.33, 0.50, 1024}, {'m', 0.67, 0.75, 768},
    {'l', 1.00, 1.00, 512},  {'x', 1.00, 1.25, 512},
};

class Yolov8 {
 public:
  Yolov8(const Scale& scale, Task task, int classes)
      : scale_(scale), task_(task), classes_(classes) {}

  // Layers 0 to 22; "f" as in Ultralytics' yolov8.yaml.
  Module build() {
    down(64, 3);
    for (const auto& [channels, repeats] : {std::pair{128, 3}, {256, 6}, {512, 6}, {1024, 3}}) {
      down(channels, channels / 2);
      c2f(channels, channels, repeats, true);
    }
    add(layers_.sppf(name(), wide(1024)));
    up_and_join(6, 512, 1024 + 512);
    up_and_join(4, 256, 512 + 256);
    down_and_join(12, 512, 256);
    down_and_join(9, 1024, 512);
    head();
    return network(std::move(list_));
  }

 private:
  [[nodiscard]] int wide(int channels) const {
    const double scaled = std::min(channels, scale_.most_channels) * scale_.width;
    return static_cast<int>(std::ceil(scaled / 8)) * 8;
  }
  // The same for channels that a Concat joins: 1536 are 1024 and 512.
  [[nodiscard]] int joined(int channels) const {
    int sum = 0;
    for (const int part : {1024, 512, 256, 128}) {
      if ((channels & part) != 0) sum += wide(part);
    }
    return sum;
  }
  [[nodiscard]] std::string name() const { return std::to_string(list_.size()); }
  void add(Module layer, std::vector<double> from = {-1}) {
    layer.number_attributes["f"] = std::move(from);
    list_.push_back(std::move(layer));
  }

  void down(int outputs, int inputs) {
    add(layers_.conv(name(), wide(outputs), inputs == 3 ? 3 : wide(inputs), 3, 2));
  }
  void c2f(int outputs, int inputs, int repeats, bool shortcut) {
    const int scaled = std::max(1, static_cast<int>(std::lround(repeats * scale_.depth)));
    add(layers_.c2f(name(), {.outputs = wide(outputs),
                             .inputs = joined(inputs),
                             .repeats = scaled,
                             .shortcut = shortcut}));
  }
  void up_and_join(double with, int outputs, int inputs) {
    add({.name = name(), .type = "Upsample", .number_attributes = {{"scale_factor", {2}}}});
    add({.name = name(), .type = "Concat"}, {-1, with});
    c2f(outputs, inputs, 3, false);
  }
  void down_and_join(double with, int outputs, int inputs) {
    down(inputs, inputs);
    add({.name = name(), .type = "Concat"}, {-1, with});
    c2f(outputs, inputs + outputs, 3, false);
  }

  void head() {
    Module m{.name = name(), .type = task_ == Task::kPose ? "Pose" : "Detect"};
    Module bins{.name = "conv", .type = "Conv2d"};
    bins.tensors["weight"] = {{1, kBins, 1, 1}, std::vector<float>(kBins)};
    std::iota(bins.tensors["weight"].values.begin(), bins.tensors["weight"].values.end(), 0.0F);
    m.children = {{.name = "dfl", .type = "DFL", .children = {bins}}};
    const int first = wide(256);
    branches(m, "cv2", 4 * kBins, std::max({16, first / 4, 4 * kBins}));
    branches(m, "cv3", classes_, std::max(first, std::min(classes_, 100)));
    if (task_ == Task::kPose)
      branches(m, "cv4", 3 * kKeypoints, std::max(first / 4, 3 * kKeypoints));
    m.number_attributes = {
        {"reg_max", {1.0 * kBins}}, {"nc", {1.0 * classes_}}, {"kpt_shape", {1.0 * kKeypoints, 3}}};
    m.tensors["stride"] = {{3}, {8, 16, 32}};
    add(std::move(m), {15, 18, 21});
  }
  void branches(Module& head, const std::string& part, int outputs, int hidden) {
    Module list{.name = part, .type = "ModuleList"};
    for (const int channels : {256, 512, 1024})
      list.children.push_back(
          layers_.branch(std::to_string(list.children.size()), outputs, hidden, wide(channels)));
    head.children.push_back(std::move(list));
  }

  const Scale& scale_;
  Task task_;
  int classes_;
  Layers layers_{1.7};  // keeps the values' spread through SiLU
  std::vector<Module> list_;
};

}  // namespace

Model random_yolov8(char size, Task task) {
  const auto* const scale = std::find_if(std::begin(kScales), std::end(kScales),
                                         [&](const Scale& s) { return s.name == size; });
  if (scale == std::end(kScales)) fail("YOLOv8 has no size '{}'", size);
  ModelInfo info;
  const int classes = task == Task::kPose ? 1 : 80;
  for (int i = 0; i < classes; ++i) info.names.push_back("class " + std::to_string(i));
  return build_network(Yolov8(*scale, task, classes).build(), std::move(info));
}

}  // namespace octet
