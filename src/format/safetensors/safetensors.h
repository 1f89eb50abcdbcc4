// The safetensors container: an 8-byte little-endian header length, a JSON header, then the
// tensors' bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

enum class StorageKind { kF32, kF16 };

struct StoredTensor {
  std::string name;
  const Tensor* tensor = nullptr;
  StorageKind kind = StorageKind::kF32;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;  // as float32, whatever the file holds
};

// Throws an Error that begins with `name` on anything that does not fit together.
[[nodiscard]] SafetensorsFile parse_safetensors(std::span<const std::byte> bytes,
                                                const std::string& name);

// Writes atomically; metadata values are strings, as the format wants.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& metadata,
                       std::span<const StoredTensor> tensors);

}  // namespace octet
