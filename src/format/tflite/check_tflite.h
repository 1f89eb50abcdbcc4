// What TensorFlow Lite takes for granted of a file whose offsets are right.
#pragma once

#include <string>

#include "tflite_generated.h"

namespace octet {

// That indices exist, constants are as long as their shapes, lists of quantization fit, every
// operator has its inputs, and each of these is there before it is read. Throws an Error that names
// the file and the tensor.
void check_tflite(const tflite::Model& model, const std::string& name);

}  // namespace octet
