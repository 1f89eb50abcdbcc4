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

// Data beside the model in its file. Readers of the model skip it.
struct Attachment {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Writes float convolution weights in the precision `weights`, vectors (biases, BatchNorm) in
// float32, and quantized values as integers.
void write_model_file(const std::filesystem::path& path, const Model& model, StorageKind weights,
                      const Attachment& attachment = {});

// Reads a model file or an Ultralytics checkpoint. The content decides which one it is.
[[nodiscard]] Model read_model(const std::filesystem::path& path);

}  // namespace octet
