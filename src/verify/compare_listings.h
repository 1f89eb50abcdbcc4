// Compares two listings of exports, name by name: that of a file, and that of a new export of the
// model.
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

// Returns every difference, by name. Of a tensor it is the first element that differs.
[[nodiscard]] std::vector<Mismatch> compare(const ExportListing& expected,
                                            const ExportListing& found);

}  // namespace octet
