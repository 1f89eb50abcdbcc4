#include "model/head.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace octet {
namespace {

constexpr std::array<std::string_view, 6> kRoleNames = {"box",        "class",         "keypoint",
                                                        "visibility", "fine_keypoint", "raw"};

}  // namespace

std::string_view role_name(OutputRole role) { return kRoleNames.at(static_cast<size_t>(role)); }

OutputRole parse_role(std::string_view name) {
  const auto* const found = std::find(kRoleNames.begin(), kRoleNames.end(), name);
  if (found == kRoleNames.end()) fail("unknown output role '{}'", name);
  return static_cast<OutputRole>(found - kRoleNames.begin());
}

std::string Output::name() const {
  if (role == OutputRole::kRaw) return raw.name;
  return fmt::format("{}_{}", role_name(role), stride);
}

std::vector<OutputRole> Head::roles() const {
  std::vector<OutputRole> list{OutputRole::kBox, OutputRole::kClass};
  if (keypoints > 0) list.push_back(OutputRole::kKeypoint);
  if (keypoints > 0 && keypoint_dims == 3) list.push_back(OutputRole::kVisibility);
  return list;
}

int Head::channels(OutputRole role, size_t classes) const {
  switch (role) {
    case OutputRole::kBox:
      return 4 * static_cast<int>(bins.size());
    case OutputRole::kClass:
      return static_cast<int>(classes);
    case OutputRole::kKeypoint:
      return 2 * keypoints;
    case OutputRole::kVisibility:
      return keypoints;
    case OutputRole::kFineKeypoint:
      return 4 * keypoints;
    case OutputRole::kRaw:
      break;
  }
  return 0;
}

}  // namespace octet
