// Checks the properties of a file that TensorFlow Lite itself does not check.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tflite_generated.h"

namespace octet {

// Returns the tables of a file. Throws an Error that names it when offsets in it point outside, or
// when it does not hold one network.
[[nodiscard]] const tflite::Model& verified_tflite(std::span<const std::byte> bytes,
                                                   const std::string& name);

// Checks the network of `file`: that indices exist, that constants have the size of their shapes,
// that quantization lists have the right length, and that every operator has inputs which were made
// before. Throws an Error that names the file and the tensor.
void check_tflite(const tflite::Model& model, std::span<const std::byte> file,
                  const std::string& name);

}  // namespace octet
