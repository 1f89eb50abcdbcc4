// octet's model file: a .safetensors file whose metadata holds the graph and the model's
// information.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "format/safetensors/safetensors.h"
#include "model/model.h"

namespace octet {

[[nodiscard]] Model read_model_file(const std::filesystem::path& path);
[[nodiscard]] Model parse_model_file(std::span<const std::byte> bytes, const std::string& name);

// What lies beside the model in its file; readers of the model pass it by.
struct Attachment {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Convolution weights in `weights`' precision; vectors (biases, BatchNorm) always in float32; what
// is quantized as the integers it is.
void write_model_file(const std::filesystem::path& path, const Model& model, StorageKind weights,
                      const Attachment& attachment = {});

// A model file or an Ultralytics checkpoint, told apart by their content.
[[nodiscard]] Model read_model(const std::filesystem::path& path);

}  // namespace octet
