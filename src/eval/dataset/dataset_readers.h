// The readers behind read_dataset(), one per format.
#pragma once

#include <string_view>

#include "eval/dataset/dataset.h"

namespace octet {

[[nodiscard]] Dataset read_yolo_dataset(const std::filesystem::path& path,
                                        const DatasetOptions& options);
// Leaves out unusable entries: a box with a negative side, an absurd number or a place outside its
// image; an id that is not a whole number; the second entry of an image or object. Their number is
// logged once for each kind.
[[nodiscard]] Dataset read_coco_dataset(const std::filesystem::path& path,
                                        const DatasetOptions& options);
// The same from the text of the file. `path` begins the messages, and images are searched beside
// it.
[[nodiscard]] Dataset parse_coco_dataset(std::string_view text, const std::filesystem::path& path,
                                         const DatasetOptions& options);

// Whether the file names a part of that name.
[[nodiscard]] bool names_part(const std::filesystem::path& path, const std::string& split);

}  // namespace octet
