// Exports as 'verify' reads them: the first byte chooses the format.
#include <cstdint>
#include <string>

#include "core/error.h"
#include "format/flat.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + 1, size - 1));
  try {
    if (data[0] % 2 == 0) {
      (void)octet::read_flat_onnx(bytes, "fuzz");
    } else {
      const size_t half = bytes.size() / 2;
      const std::string xml(reinterpret_cast<const char*>(bytes.data()), bytes.size() - half);
      (void)octet::read_flat_ir(xml, bytes.last(half), "fuzz");
    }
  } catch (const octet::Error&) {
  }
  return 0;
}
