// Writes ONNX files (opset 13) from a model, and reads their metadata and parameters.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "core/size.h"
#include "format/listing.h"
#include "model/model.h"

namespace octet {

// Returns the bytes of the file. `activations` is uint8 or int8. Steps and scales are the same.
[[nodiscard]] std::string make_onnx(const Model& model, Size size, Layout layout,
                                    ElementType activations = ElementType::kUint8);
void write_onnx(const std::filesystem::path& path, const Model& model, Size size, Layout layout,
                ElementType activations = ElementType::kUint8);

// Returns the `activations` with which the file of this metadata was written.
[[nodiscard]] ElementType onnx_activations(const std::map<std::string, std::string>& metadata);

// Returns the metadata_props of an ONNX file. Throws an Error that names the file when it is not an
// ONNX file, or when its weights have NaN.
[[nodiscard]] std::map<std::string, std::string> read_onnx_metadata(
    std::span<const std::byte> bytes, const std::string& name);

// Returns the number of each operator in the graph. Throws an Error as above.
[[nodiscard]] std::map<std::string, int> count_onnx_operators(std::span<const std::byte> bytes,
                                                              const std::string& name);

// Returns the multiply-accumulates for each element of the result of convolutions whose weights are
// in the file, by the names of the nodes and of the values that they make. Throws an Error as above.
[[nodiscard]] std::map<std::string, double> onnx_products(std::span<const std::byte> bytes,
                                                          const std::string& name);

// Throws an Error that names the file when it is damaged.
[[nodiscard]] ExportListing list_onnx(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
