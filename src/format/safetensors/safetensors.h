// The safetensors container: an 8-byte little-endian header length, a JSON header, then the
// tensors' bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/budget.h"
#include "graph/graph.h"

namespace octet {

enum class StorageKind { kF32, kF16, kI8, kI32 };

struct StoredTensor {
  std::string name;
  const Tensor* tensor = nullptr;  // for kF32 and kF16
  StorageKind kind = StorageKind::kF32;
  Shape shape = {};                          // for kI8 and kI32
  std::span<const std::byte> integers = {};  // for kI8 and kI32
};

struct IntegerData {
  Shape shape;
  std::vector<int32_t> values;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;        // float types, as float32
  std::map<std::string, IntegerData> integers;  // I8 and I32
};

// Throws an Error that begins with `name`, or with the name of the budget, for inconsistent content
// and for tensors that share bytes. Takes its memory from the budget.
[[nodiscard]] SafetensorsFile parse_safetensors(std::span<const std::byte> bytes,
                                                const std::string& name);
[[nodiscard]] SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, Budget& budget);

// Writes atomically. Metadata values are strings, as the format requires.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& metadata,
                       std::span<const StoredTensor> tensors);

}  // namespace octet
