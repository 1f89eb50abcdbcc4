#include "vision/checked_pose.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

constexpr int64_t kMostOnAnAxis = 1 << 15;

[[noreturn]] void refuse(const Port& port, PosePart part, const std::string& wanted) {
  fail("the output '{}' has the shape ({}); as '{}' it needs {}", port.name,
       fmt::join(port.shape, ", "), pose_part_name(part), wanted);
}

bool is_reasonable(const Shape& shape) {
  return !shape.empty() && shape.size() <= 4 &&
         std::all_of(shape.begin(), shape.end(),
                     [](int64_t side) { return side >= 1 && side <= kMostOnAnAxis; });
}

bool is_map(const Port& port) {
  return is_reasonable(port.shape) && port.shape.size() == 4 && port.shape[0] == 1;
}

// Numbers in one order, for every engine.
bool is_list(const Port& port) {
  if (!is_reasonable(port.shape)) return false;
  return port.shape.size() < 4 || !port.channels_last || port.shape[2] * port.shape[3] == 1;
}

void require_map(const Port& port, PosePart part, int64_t channels, Size cells) {
  if (!is_map(port) || port.shape != Shape{1, channels, cells.height, cells.width})
    refuse(port, part, fmt::format("(1, {}, {}, {})", channels, cells.height, cells.width));
}

}  // namespace

CheckedPose::CheckedPose(PoseHead head, Size input, std::span<const Port> ports)
    : head_(std::move(head)), input_(input) {
  index_.fill(-1);
  verify(head_);
  head_.kind == PoseHeadKind::kRegression ? bind_points(ports) : bind_maps(ports);
  bind_presence(ports);
}

const Port& CheckedPose::find(PosePart part, std::span<const Port> ports) {
  const std::string& name = *head_.output(part);
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  if (found == ports.end())
    fail("the network lacks the output '{}', its '{}'", name, pose_part_name(part));
  if (found->type != ElementType::kFloat32 && found->type != ElementType::kInt8)
    fail("the output '{}' is {}; float32 or int8 is expected", name,
         element_type_name(found->type));
  index_[at(part)] = static_cast<int>(found - ports.begin());
  return *found;
}

void CheckedPose::bind_maps(std::span<const Port> ports) {
  const Port& scores = find(PosePart::kHeatmap, ports);
  if (!is_map(scores) || scores.shape[1] < head_.keypoints)
    refuse(scores, PosePart::kHeatmap, fmt::format("(1, {}, height, width)", head_.keypoints));
  points_ = static_cast<int>(scores.shape[1]);
  cells_ = {static_cast<int>(scores.shape[3]), static_cast<int>(scores.shape[2])};
  const auto bind = [&](PosePart part, int channels) {
    require_map(find(part, ports), part, channels, cells_);
  };
  if (head_.output(PosePart::kOffset) != nullptr) bind(PosePart::kOffset, 2 * points_);
  if (head_.kind != PoseHeadKind::kCentre) return;
  bind(PosePart::kCentre, 1);
  bind(PosePart::kRegress, 2 * points_);
}

void CheckedPose::bind_points(std::span<const Port> ports) {
  const Port& numbers = find(PosePart::kPoints, ports);
  const int64_t most = kMostOnAnAxis * head_.point_numbers;
  const int64_t count = is_list(numbers) ? element_count(numbers.shape) : 0;
  if (count % head_.point_numbers != 0 || count / head_.point_numbers < head_.keypoints ||
      count > most)
    refuse(
        numbers, PosePart::kPoints,
        fmt::format("{} numbers for each of {} keypoints", head_.point_numbers, head_.keypoints));
  points_ = static_cast<int>(count / head_.point_numbers);
  if (head_.output(PosePart::kVisibility) == nullptr) return;
  const Port& visibility = find(PosePart::kVisibility, ports);
  if (!is_list(visibility) || element_count(visibility.shape) < head_.keypoints)
    refuse(visibility, PosePart::kVisibility,
           fmt::format("a number for each of {} keypoints", head_.keypoints));
}

void CheckedPose::bind_presence(std::span<const Port> ports) {
  if (head_.output(PosePart::kPresence) == nullptr) return;
  const Port& presence = find(PosePart::kPresence, ports);
  if (!is_reasonable(presence.shape) || element_count(presence.shape) != 1)
    refuse(presence, PosePart::kPresence, "one number");
}

}  // namespace octet
