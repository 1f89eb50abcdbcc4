// Exports as 'verify' reads them: the first byte chooses the format.
#include <cstdint>
#include <string>

#include "core/error.h"
#include "format/listing.h"
#include "format/tflite/tflite.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + 1, size - 1));
  try {
    if (data[0] % 3 == 0) {
      (void)octet::list_onnx(bytes, "fuzz");
    } else if (data[0] % 3 == 2) {
      // Read in place, so at an address that memory for a file has.
      const std::vector<std::byte> copy(bytes.begin(), bytes.end());
      (void)octet::summarize_tflite(copy, "fuzz");
      (void)octet::list_tflite(copy, "fuzz");
    } else {
      const size_t half = bytes.size() / 2;
      const std::string xml(reinterpret_cast<const char*>(bytes.data()), bytes.size() - half);
      (void)octet::list_ir(xml, bytes.last(half), "fuzz");
    }
  } catch (const octet::Error&) {
  }
  return 0;
}
