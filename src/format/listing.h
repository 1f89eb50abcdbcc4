// An exported file as names and values, whatever its format. `verify` compares two of them
// (verify/compare_listings.h), both read from bytes by the same reader.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct ListedTensor {
  std::string type;  // "f32", "i8", "u8", "i32", "i64", or the format's own name for another
  Shape shape;
  std::vector<std::byte> bytes;
};

struct ExportListing {
  std::map<std::string, std::map<std::string, std::string>> nodes;  // fields by node
  std::map<std::string, ListedTensor> tensors;
};

}  // namespace octet
