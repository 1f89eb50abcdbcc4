// An exported file as names and values, for every format. `verify` compares two listings
// (verify/compare_listings.h). The same reader makes both from bytes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct ListedTensor {
  std::string type;  // "f32", "i8", "u8", "i32", "i64", or the format's name of another type
  Shape shape;
  std::vector<std::byte> bytes;
};

struct ExportListing {
  std::map<std::string, std::map<std::string, std::string>> nodes;  // fields by node
  std::map<std::string, ListedTensor> tensors;
};

}  // namespace octet
