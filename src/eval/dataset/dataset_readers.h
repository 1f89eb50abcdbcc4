// The readers behind read_dataset(), one per format.
#pragma once

#include "eval/dataset/dataset.h"

namespace octet {

[[nodiscard]] Dataset read_yolo_dataset(const std::filesystem::path& path,
                                        const std::string& split_name);
[[nodiscard]] Dataset read_coco_dataset(const std::filesystem::path& path,
                                        const DatasetOptions& options);

}  // namespace octet
