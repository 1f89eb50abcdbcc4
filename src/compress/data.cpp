#include "compress/data.h"

#include <fmt/format.h>

#include <utility>

namespace octet {

DatasetParts labelled_parts(const std::string& file) {
  DatasetParts parts = read_parts(file, false);
  for (const auto& [part, name] :
       {std::pair{&parts.validation, "val"}, {&parts.training, "train"}}) {
    leave_out_unreadable(*part, false);
    require_labels(*part, fmt::format("{}: {}", file, name));
  }
  require_keypoints(parts.validation, file + ": val");
  return parts;
}

}  // namespace octet
