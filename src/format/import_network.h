// Makes a model of a network that another program wrote: an ONNX or a TensorFlow Lite file of a
// convolutional network that takes one image. Its outputs are raw, since the file does not say what
// they mean. Those of a pose network get a meaning by their names and shapes, or as the user says.
#pragma once

#include <filesystem>

#include "format/import/network_file.h"
#include "model/model.h"

namespace octet {

// Whether the file is of a kind that import_network() reads, by its extension.
[[nodiscard]] bool is_network_file(const std::filesystem::path& path);

struct ImportedNetwork {
  Model model;
  InputValues values;                   // with which its input was made of pixels
  std::vector<std::string> notes = {};  // for warnings: where the model is not as the file says
};

// Throws an Error that names the file, and every operator that octet cannot hold.
[[nodiscard]] ImportedNetwork import_network(const std::filesystem::path& path,
                                             const ImportOptions& options);

// The same from the bytes of a file. `name` has its extension.
[[nodiscard]] ImportedNetwork import_network(std::span<const std::byte> bytes,
                                             const std::string& name, const ImportOptions& options);

}  // namespace octet
