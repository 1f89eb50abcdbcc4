// Any bytes as a model file: the safetensors header, the graph and the model's information inside
// it.
#include <cstdint>
#include <span>

#include "core/error.h"
#include "format/model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)octet::parse_model_file(std::as_bytes(std::span(data, size)), "fuzz.safetensors");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
