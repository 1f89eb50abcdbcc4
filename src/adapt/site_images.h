// The images of a site: those that give ranges, and those that judge.
#pragma once

#include <filesystem>
#include <string>

#include "core/size.h"
#include "eval/dataset/dataset.h"

namespace octet {

struct SiteImages {
  Dataset fit, judge;
  bool labels = false;  // those that judge have labels
};

// `folder` and `data`: as in AdaptOptions; one of them may be empty. `most`: for the ranges. Throws
// an Error that names them where a part has too few images that can be read.
[[nodiscard]] SiteImages site_images(const std::filesystem::path& folder,
                                     const std::filesystem::path& data, int most);
// Both, for messages.
[[nodiscard]] std::string site_images_name(const std::filesystem::path& folder,
                                           const std::filesystem::path& data);
// Images of that input size that are kept in memory: `wanted`, or fewer that have a gigabyte.
[[nodiscard]] int images_in_memory(int wanted, Size size);

}  // namespace octet
