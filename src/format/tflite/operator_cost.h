// The cost of a TensorFlow Lite operator in operations.
#pragma once

#include <string>

#include "tflite_generated.h"

namespace octet {

// Multiply-accumulates of a convolution or a fully connected layer; 0 for others, and where a shape
// is not stated. The tensors that `op` names exist in `graph`.
[[nodiscard]] double multiplications_of(const std::string& code, const tflite::SubGraph& graph,
                                        const tflite::Operator& op);

}  // namespace octet
