// The readers behind read_dataset(), one per format.
#pragma once

#include <string_view>

#include "eval/dataset/dataset.h"

namespace octet {

[[nodiscard]] Dataset read_yolo_dataset(const std::filesystem::path& path,
                                        const DatasetOptions& options);
// What cannot be used is left out: objects whose box has a negative side, a number beyond all
// pictures, or lies outside its picture; what has an id that is not a whole number; an image's second
// entry and an object that is there twice. How many those are is logged once for each kind.
[[nodiscard]] Dataset read_coco_dataset(const std::filesystem::path& path,
                                        const DatasetOptions& options);
// The same from the file's text; `path` begins the messages, and pictures are looked for beside it.
[[nodiscard]] Dataset parse_coco_dataset(std::string_view text, const std::filesystem::path& path,
                                         const DatasetOptions& options);

}  // namespace octet
