// The bytes of constants and metadata in a TensorFlow Lite file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tflite_generated.h"

namespace octet {

// The bytes of a buffer of `model`, which is in `file`. Google's quantizer, and writers of large
// files, put them behind the tables. Throws an Error that begins with `where` when there is no such
// buffer, or the file ends before it does.
[[nodiscard]] std::span<const std::byte> stored_bytes(const tflite::Model& model,
                                                      std::span<const std::byte> file,
                                                      uint32_t buffer, const std::string& where);

}  // namespace octet
