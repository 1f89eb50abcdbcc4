// Reads a network of another program from an ONNX file of the opsets 7 to 25.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "format/import/network_file.h"

namespace octet {

// Throws an Error that names the file, and every operator that the graph cannot hold.
[[nodiscard]] NetworkFile read_onnx_network(std::span<const std::byte> bytes,
                                            const std::string& name, const ImportOptions& options);

}  // namespace octet
