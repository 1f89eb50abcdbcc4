// The protobuf of an ONNX file, for the readers of this folder.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <functional>
#include <span>

#include "core/budget.h"

namespace octet {

// Takes what protobuf will occupy from the budget before it does. Throws an Error naming the file when
// that is too much, when it is no ONNX file or cut short, and for what no network needs and what keeps
// an engine busy without end or has it read elsewhere: opsets that do not exist, loops, functions of
// its own, weights in other files.
[[nodiscard]] onnx::ModelProto parse_onnx(std::span<const std::byte> bytes, Budget& budget);

// The same; its weights may lie in other files.
[[nodiscard]] onnx::ModelProto parse_scattered_onnx(std::span<const std::byte> bytes,
                                                    Budget& budget);

// Every tensor below `message`, wherever ONNX lets one stand: fields are found by their type.
void for_each_tensor(google::protobuf::Message& message,
                     const std::function<void(onnx::TensorProto&)>& visit);

}  // namespace octet
