#include "compress/data.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

// Without a labelled keypoint, all models would be equally good.
void require_keypoints(const Dataset& data, const std::string& name) {
  const auto labelled = [](const TruthObject::Point& p) { return p.visibility > 0; };
  const bool measurable =
      data.keypoints == 0 ||
      std::any_of(data.samples.begin(), data.samples.end(), [&](const Sample& s) {
        return std::any_of(s.objects.begin(), s.objects.end(), [&](const TruthObject& o) {
          return std::any_of(o.keypoints.begin(), o.keypoints.end(), labelled);
        });
      });
  if (!measurable) fail("{}: no object has a labelled keypoint; label some", name);
}

}  // namespace

DatasetParts labelled_parts(const std::string& file) {
  DatasetParts parts = read_parts(file, false);
  for (const auto& [part, name] :
       {std::pair{&parts.validation, "val"}, {&parts.training, "train"}}) {
    require_labels(*part, fmt::format("{}: {}", file, name));
    leave_out_unreadable(*part, false);
  }
  require_keypoints(parts.validation, file + ": val");
  return parts;
}

}  // namespace octet
