#include "model/families/detect_head.h"

#include "core/error.h"
#include "model/blocks/blocks.h"

namespace octet {
namespace {

constexpr int kMaxKeypoints = 1000;

class HeadBuilder {
 public:
  HeadBuilder(NetworkBuilder& net, const Module& module, std::string path, Model& model)
      : net_(net), module_(module), path_(std::move(path)), model_(model), info_(model.info) {}

  void build(const std::vector<std::string>& inputs) {
    read_bins();
    if (module_.type == "Pose") read_keypoint_shape();
    const Tensor& strides = tensor_of(module_, "stride", path_);
    if (strides.values.size() != inputs.size())
      fail("{}: {} strides for {} inputs", path_, strides.values.size(), inputs.size());
    const int classes = number_of(module_, "nc", path_);
    if (classes != static_cast<int>(info_.names.size()))
      fail("{}: {} classes, but the checkpoint names {}", path_, classes, info_.names.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const int stride = static_cast<int>(strides.values[i]);
      info_.head.strides.push_back(stride);
      output(OutputRole::kBox, stride, branch("cv2", i, inputs[i]));
      output(OutputRole::kClass, stride, branch("cv3", i, inputs[i]));
      if (module_.type == "Pose") keypoint_branch(i, inputs[i]);
    }
  }

 private:
  void read_bins() {
    if (optional_number(module_, "end2end", path_).value_or(0) != 0)
      fail("{} ({}): an end-to-end (NMS-free) head is not supported", path_, module_.type);
    const Module& dfl = child_of(module_, "dfl", path_);
    info_.head.bins = tensor_of(child_of(dfl, "conv", path_), "weight", path_).values;
    if (static_cast<int>(info_.head.bins.size()) != number_of(module_, "reg_max", path_))
      fail("{}: dfl's weight does not fit reg_max", path_);
  }

  void read_keypoint_shape() {
    const auto found = module_.number_attributes.find("kpt_shape");
    if (found == module_.number_attributes.end() || found->second.size() != 2)
      fail("{} (Pose): has no kpt_shape", path_);
    Head& head = info_.head;
    info_.task = Task::kPose;
    head.keypoints = static_cast<int>(found->second[0]);
    head.keypoint_dims = static_cast<int>(found->second[1]);
    if (head.keypoints < 1 || head.keypoints > kMaxKeypoints ||
        (head.keypoint_dims != 2 && head.keypoint_dims != 3))
      fail("{} (Pose): kpt_shape ({}, {}) is not supported", path_, head.keypoints,
           head.keypoint_dims);
    if (info_.flip_index.empty() && head.keypoints == 17) info_.flip_index = coco_flip_index();
  }

  // A head branch: blocks, and a plain convolution at the end.
  struct Branch {
    std::string stem;  // value
    const Module* last = nullptr;
    std::string last_path;
  };
  Branch stem_of(const std::string& name, size_t i, const std::string& input) {
    const std::string prefix = fmt::format("{}.{}.{}", path_, name, i);
    const Module& sequence = child_of(child_of(module_, name, path_), std::to_string(i), path_);
    if (sequence.children.empty()) fail("{}: is empty", prefix);
    Module blocks = sequence;
    const Module& last = sequence.children.back();
    blocks.children.pop_back();
    return {.stem = build_sequence(net_, blocks, input, prefix),
            .last = &last,
            .last_path = prefix + "." + last.name};
  }

  std::string branch(const std::string& name, size_t i, const std::string& input) {
    const Branch b = stem_of(name, i, input);
    return net_.add(b.last_path, read_conv2d(*b.last, b.last_path), {b.stem});
  }

  // The last 1×1 convolution makes (x, y, visibility) per keypoint; it is split by output channel,
  // which is exact.
  void keypoint_branch(size_t i, const std::string& input) {
    const Head& head = info_.head;
    const Branch b = stem_of("cv4", i, input);
    const Conv2d whole = read_conv2d(*b.last, b.last_path);
    if (whole.weight.shape.at(0) != head.keypoints * head.keypoint_dims || whole.bias.empty())
      fail("{}: {} output channels do not fit kpt_shape ({}, {})", b.last_path,
           whole.weight.shape.at(0), head.keypoints, head.keypoint_dims);
    ChannelList coordinates;
    ChannelList visibilities;
    for (int k = 0; k < head.keypoints; ++k) {
      const int64_t first = int64_t{k} * head.keypoint_dims;
      coordinates.insert(coordinates.end(), {first, first + 1});
      if (head.keypoint_dims == 3) visibilities.push_back(first + 2);
    }
    const int stride = head.strides.back();
    output(OutputRole::kKeypoint, stride,
           net_.add(b.last_path + ".keypoint", select_outputs(whole, coordinates), {b.stem}));
    if (!visibilities.empty())
      output(OutputRole::kVisibility, stride,
             net_.add(b.last_path + ".visibility", select_outputs(whole, visibilities), {b.stem}));
  }

  void output(OutputRole role, int stride, const std::string& value) {
    model_.add_output({.value = value, .role = role, .stride = stride});
  }

  NetworkBuilder& net_;
  const Module& module_;
  std::string path_;
  Model& model_;
  ModelInfo& info_;
};

}  // namespace

bool is_head(const Module& module) { return module.type == "Detect" || module.type == "Pose"; }

void build_head(NetworkBuilder& net, const Module& module, const std::vector<std::string>& inputs,
                const std::string& path, Model& model) {
  HeadBuilder(net, module, path, model).build(inputs);
}

}  // namespace octet
