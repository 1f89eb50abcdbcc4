// Writes TensorFlow Lite files from a model, and reads their metadata and parameters.
//
// Tensors of images are NHWC. A quantized model becomes full-integer. Its input is int8 with scale
// 1/255 and zero point −128: a byte of the image with its highest bit flipped. Its outputs are
// int8, one per stride and role, named Output::name(), each with its own scale.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "core/size.h"
#include "format/listing.h"
#include "format/tflite/summary.h"
#include "model/model.h"

namespace octet {

// Returns the bytes of the file.
[[nodiscard]] std::string make_tflite(const Model& model, Size size, Layout layout);
void write_tflite(const std::filesystem::path& path, const Model& model, Size size, Layout layout);

// Returns the metadata: octet's own, or the .zip that Ultralytics appends. Throws an Error that
// names the file when it is not a TensorFlow Lite file.
[[nodiscard]] std::map<std::string, std::string> read_tflite_metadata(
    std::span<const std::byte> bytes, const std::string& name);

// Throws an Error that names the file when it is damaged.
[[nodiscard]] ExportListing list_tflite(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
