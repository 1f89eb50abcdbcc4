// The pictures that a network of another program is quantized with.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "train/data/crops.h"

namespace octet {

struct RawPictures {
  std::vector<PictureCrop> training, judging;
  int64_t skipped = 0;  // images that cannot be read, and those whose labels cannot
};

// Reads the parts of a data set, or a folder of images, of which every tenth judges.
[[nodiscard]] DatasetParts read_raw_data(const std::string& file, bool strict);

// What the network sees of them. A network that finds the keypoints of a person sees persons in both
// parts, where a data set has them: those with keypoints, or its boxes of persons. Other networks see
// whole pictures. Reads every image. Throws an Error that names `file` and the part in which nothing
// is to be seen.
[[nodiscard]] RawPictures raw_pictures(DatasetParts data, const std::string& file,
                                       const ModelInfo& info, bool strict);

}  // namespace octet
