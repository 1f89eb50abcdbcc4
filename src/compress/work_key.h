// What all results of a compression depend on, as a text.
#pragma once

#include <string>

#include "compress/options.h"
#include "eval/dataset/dataset.h"

namespace octet {

struct CompressData {
  const Dataset &training, &validation;
};

// Models count by size and time of their files, data by its images and objects, and times by the
// engine, the machine and the settings that they are of. So a table may be extended.
[[nodiscard]] std::string work_key(const CompressOptions& options, const CompressData& data,
                                   const Pricing& pricing);

}  // namespace octet
