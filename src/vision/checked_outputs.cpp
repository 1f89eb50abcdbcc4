#include "vision/checked_outputs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

int64_t keypoint_values(const ModelInfo& info) {
  return int64_t{info.head.keypoints} * info.head.keypoint_dims;
}

bool is_one_matrix(std::span<const Port> ports) {
  return ports.size() == 1 && ports[0].shape.size() == 3 && ports[0].shape[0] == 1 &&
         ports[0].type == ElementType::kFloat32;
}

std::string shapes_of(std::span<const Port> ports) {
  constexpr size_t kListed = 4;
  std::string text;
  for (size_t i = 0; i < std::min(ports.size(), kListed); ++i)
    text += fmt::format("{}({})", i == 0 ? "" : ", ", fmt::join(ports[i].shape, ", "));
  return ports.size() > kListed ? text + ", …" : text;
}

}  // namespace

CheckedOutputs::CheckedOutputs(ModelInfo info, Layout layout, Size input,
                               std::span<const Port> ports, bool fractions)
    : info_(std::move(info)), layout_(layout), input_(input), fractions_(fractions) {
  verify(info_);
  if (layout_ == Layout::kRaw) bind_raw(ports);
  if (layout_ == Layout::kUltralytics) bind_decoded(ports);
  if (layout_ == Layout::kDetections) bind_detections(ports);
  if (layout_ == Layout::kFrigate) bind_rows(ports);
}

// -1 where the network has none.
int CheckedOutputs::index_of(const Output& output, std::span<const Port> ports) const {
  const std::string name = output.name();
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  if (found == ports.end()) return -1;
  if (found->shape != Shape{1, info_.head.channels(output.role, info_.names.size()),
                            input_.height / output.stride, input_.width / output.stride}) {
    fail("the output '{}' has the shape ({}), which does not fit the model", name,
         fmt::join(found->shape, ", "));
  }
  return static_cast<int>(found - ports.begin());
}

void CheckedOutputs::bind_raw(std::span<const Port> ports) {
  for (const int stride : info_.head.strides) {
    Level level{.stride = stride, .width = input_.width / stride, .height = input_.height / stride};
    int* const slots[] = {&level.box, &level.cls, &level.keypoint, &level.visibility};
    for (const OutputRole role : info_.head.roles()) {
      const Output output{.value = "", .role = role, .stride = stride};
      const int index = index_of(output, ports);
      if (index < 0) fail("the network lacks the output '{}'", output.name());
      *slots[static_cast<size_t>(role)] = index;
    }
    if (info_.head.keypoints > 0)
      level.fine_keypoint =
          index_of({.value = "", .role = OutputRole::kFineKeypoint, .stride = stride}, ports);
    levels_.push_back(level);
  }
}

void CheckedOutputs::bind_decoded(std::span<const Port> ports) {
  const int64_t rows = 4 + static_cast<int64_t>(info_.names.size()) + keypoint_values(info_);
  if (!is_one_matrix(ports) || ports[0].shape[1] != rows) {
    fail("its outputs {} are not the (1, {}, cells) of a YOLOv8 {} export", shapes_of(ports), rows,
         task_name(info_.task));
  }
  levels_.push_back(
      {.stride = 1, .width = static_cast<int>(ports[0].shape[2]), .height = 1, .box = 0, .cls = 0});
}

void CheckedOutputs::bind_detections(std::span<const Port> ports) {
  const int64_t columns = kDetectionColumns + keypoint_values(info_);
  if (!is_one_matrix(ports) || ports[0].shape[2] != columns) {
    fail("its outputs {} are not the (1, detections, {}) of a {} export with NMS", shapes_of(ports),
         columns, task_name(info_.task));
  }
  levels_.push_back(
      {.stride = 1, .width = static_cast<int>(ports[0].shape[1]), .height = 1, .box = 0, .cls = 0});
}

// The box logits are those with the columns of the bins.
void CheckedOutputs::bind_rows(std::span<const Port> ports) {
  const auto classes = static_cast<int64_t>(info_.names.size());
  const auto columns = static_cast<int64_t>(4 * info_.head.bins.size());
  if (classes == columns) fail("{} classes cannot be told from boxes", classes);
  int64_t cells = 0;
  for (const int stride : info_.head.strides)
    cells += int64_t{input_.width / stride} * (input_.height / stride);
  const auto index_of_rows = [&](int64_t wanted) {
    const auto found = std::find_if(ports.begin(), ports.end(), [&](const Port& p) {
      return p.type == ElementType::kFloat32 && p.shape == Shape{1, cells, wanted};
    });
    if (found == ports.end())
      fail("its outputs {} lack the (1, {}, {}) of the frigate layout", shapes_of(ports), cells,
           wanted);
    return static_cast<int>(found - ports.begin());
  };
  int64_t first = 0;
  for (const int stride : info_.head.strides) {
    Level level{.stride = stride, .width = input_.width / stride, .height = input_.height / stride};
    const auto add_part = [&](int64_t channels) {
      parts_.push_back({.output = index_of_rows(channels),
                        .first = static_cast<size_t>(first * channels),
                        .shape = {1, channels, level.height, level.width}});
      return static_cast<int>(parts_.size() - 1);
    };
    level.box = add_part(columns);
    level.cls = add_part(classes);
    levels_.push_back(level);
    first += int64_t{level.width} * level.height;
  }
}

}  // namespace octet
