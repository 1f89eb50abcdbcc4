// The protobuf of an ONNX file, for the readers of this folder.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <span>
#include <string>

namespace octet {

// Throws an Error naming the file when it is none, or is cut short.
[[nodiscard]] onnx::ModelProto parse_onnx(std::span<const std::byte> bytes,
                                          const std::string& name);

}  // namespace octet
