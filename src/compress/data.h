// The labelled images of a compression.
#pragma once

#include <string>

#include "eval/dataset/dataset.h"

namespace octet {

// Both parts, as the stages read them, without images that cannot be read. Throws an Error where no
// image of a part has a label, or where the data has keypoints and validation has none labelled.
[[nodiscard]] DatasetParts labelled_parts(const std::string& file);

}  // namespace octet
