// Any bytes as a safetensors header before 4096 bytes of values, so that what it says of them can hold.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/error.h"
#include "format/safetensors/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kValueBytes = 4096;
  const uint64_t header_bytes = size;
  std::vector<uint8_t> file(sizeof header_bytes + size + kValueBytes);
  std::memcpy(file.data(), &header_bytes, sizeof header_bytes);
  if (size > 0) std::memcpy(file.data() + sizeof header_bytes, data, size);
  try {
    (void)octet::parse_safetensors(std::as_bytes(std::span(file)), "fuzz.safetensors");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
