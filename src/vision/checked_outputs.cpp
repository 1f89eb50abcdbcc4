#include "vision/checked_outputs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace octet {

CheckedOutputs::CheckedOutputs(ModelInfo info, Layout layout, Size input,
                               std::span<const Port> ports)
    : info_(std::move(info)), layout_(layout), input_(input) {
  verify(info_);
  layout_ == Layout::kRaw ? bind_raw(ports) : bind_decoded(ports);
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
  const int64_t rows = 4 + static_cast<int64_t>(info_.names.size()) +
                       int64_t{info_.head.keypoints} * info_.head.keypoint_dims;
  if (ports.size() != 1 || ports[0].shape.size() != 3 || ports[0].shape[0] != 1 ||
      ports[0].shape[1] != rows || ports[0].type != ElementType::kFloat32) {
    fail("its output ({}) is not the (1, {}, cells) of a YOLOv8 {} export without NMS",
         ports.empty() ? "" : fmt::format("{}", fmt::join(ports[0].shape, ", ")), rows,
         task_name(info_.task));
  }
  levels_.push_back(
      {.stride = 1, .width = static_cast<int>(ports[0].shape[2]), .height = 1, .box = 0, .cls = 0});
}

}  // namespace octet
