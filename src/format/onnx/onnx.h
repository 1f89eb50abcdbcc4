// ONNX files: written from the graph (opset 13), and read for the metadata inside.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "core/size.h"
#include "format/listing.h"
#include "model/model.h"

namespace octet {

// The bytes of the file. `activations`: uint8, or int8; the same steps, and the same scales.
[[nodiscard]] std::string make_onnx(const Model& model, Size size, Layout layout,
                                    ElementType activations = ElementType::kUint8);
void write_onnx(const std::filesystem::path& path, const Model& model, Size size, Layout layout,
                ElementType activations = ElementType::kUint8);

// What was asked for when the file with this metadata was written.
[[nodiscard]] ElementType onnx_activations(const std::map<std::string, std::string>& metadata);

// The metadata_props of an ONNX file. Throws an Error naming the file when it is none, or when its
// weights hold NaN.
[[nodiscard]] std::map<std::string, std::string> read_onnx_metadata(
    std::span<const std::byte> bytes, const std::string& name);

// How often each operator stands in the graph. Throws an Error as above.
[[nodiscard]] std::map<std::string, int> count_onnx_operators(std::span<const std::byte> bytes,
                                                              const std::string& name);

// Throws an Error naming the file for anything that is damaged.
[[nodiscard]] ExportListing list_onnx(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
