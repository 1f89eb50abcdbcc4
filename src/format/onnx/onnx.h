// ONNX files: written from the graph (opset 13), and read for the metadata inside.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "core/size.h"
#include "model/model.h"

namespace octet {

// The bytes of the file.
[[nodiscard]] std::string make_onnx(const Model& model, Size size, Layout layout);
void write_onnx(const std::filesystem::path& path, const Model& model, Size size, Layout layout);

// The metadata_props of an ONNX file. Throws an Error naming the file when it is none.
[[nodiscard]] std::map<std::string, std::string> read_onnx_metadata(
    const std::filesystem::path& path);

// How often each operator stands in the graph. Throws an Error as above.
[[nodiscard]] std::map<std::string, int> count_onnx_operators(std::span<const std::byte> bytes,
                                                              const std::string& name);

}  // namespace octet
