// octet's model file: a .safetensors file whose metadata holds the graph and the model's
// information.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "format/safetensors/safetensors.h"
#include "model/model.h"

namespace octet {

[[nodiscard]] Model read_model_file(const std::filesystem::path& path);
[[nodiscard]] Model parse_model_file(std::span<const std::byte> bytes, const std::string& name);

// Convolution weights in `weights`' precision; vectors (biases, BatchNorm) always in float32.
void write_model_file(const std::filesystem::path& path, const Model& model, StorageKind weights);

// A model file or an Ultralytics checkpoint, told apart by their content.
[[nodiscard]] Model read_model(const std::filesystem::path& path);

}  // namespace octet
