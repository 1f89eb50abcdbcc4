// Two listings of exports, compared name by name: a file, and what the model would be written as now.
#pragma once

#include <string>
#include <vector>

#include "format/listing.h"

namespace octet {

struct Mismatch {
  std::string tensor;  // or node
  std::string field;
  std::string expected, found;
};

// Every difference, by name; of a tensor the first element that differs.
[[nodiscard]] std::vector<Mismatch> compare(const ExportListing& expected,
                                            const ExportListing& found);

}  // namespace octet
