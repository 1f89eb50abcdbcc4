// TensorFlow Lite files: written from the graph, and read for the metadata inside.
//
// Tensors of pictures are NHWC. A quantized model becomes full-integer: int8 input (scale 1/255,
// zero point −128: a picture's byte with its highest bit flipped) and int8 outputs, one per stride
// and role, named Output::name(), each with its own scale.
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

// The bytes of the file.
[[nodiscard]] std::string make_tflite(const Model& model, Size size, Layout layout);
void write_tflite(const std::filesystem::path& path, const Model& model, Size size, Layout layout);

// The metadata inside, octet's own or the .zip that Ultralytics appends. Throws an Error naming the
// file when it is no TensorFlow Lite file.
[[nodiscard]] std::map<std::string, std::string> read_tflite_metadata(
    std::span<const std::byte> bytes, const std::string& name);

// Throws an Error naming the file for anything that is damaged.
[[nodiscard]] ExportListing list_tflite(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
