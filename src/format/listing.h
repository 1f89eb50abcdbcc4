// An exported file as names and values, whatever its format. `verify` compares two of them
// (verify/compare_listings.h), both read from bytes by the same reader.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
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

// All throw an Error naming the file for anything that is damaged.
[[nodiscard]] ExportListing list_onnx(std::span<const std::byte> bytes, const std::string& name);
[[nodiscard]] ExportListing list_ir(const std::string& xml, std::span<const std::byte> weights,
                                    const std::string& name);
[[nodiscard]] ExportListing list_tflite(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
