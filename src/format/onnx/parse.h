// Parses the protobuf of an ONNX file, for the readers of this folder.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <functional>
#include <span>

#include "core/budget.h"

namespace octet {

// Takes the memory that protobuf needs from the budget first. Throws an Error that names the file
// when that is too much, and when it is not an ONNX file or is cut short. Also throws for content
// that networks do not need, and that lets an engine run endlessly or read other files: unknown
// opsets, loops, functions, weights in other files.
[[nodiscard]] onnx::ModelProto parse_onnx(std::span<const std::byte> bytes, Budget& budget);

// The same, but weights in other files are allowed.
[[nodiscard]] onnx::ModelProto parse_scattered_onnx(std::span<const std::byte> bytes,
                                                    Budget& budget);

// Visits every tensor below `message`. Fields are found by their type, wherever ONNX allows a
// tensor.
void for_each_tensor(google::protobuf::Message& message,
                     const std::function<void(onnx::TensorProto&)>& visit);

}  // namespace octet
