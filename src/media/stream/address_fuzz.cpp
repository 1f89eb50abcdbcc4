// Any text as a camera's address, and in a line of the log.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/text/secrets.h"
#include "media/stream/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string shown = octet::public_address(text);
  if (octet::public_address(shown) != shown) std::abort();  // what is public stays as it is
  (void)octet::without_secrets(text);
  if (!octet::is_stream(text) || text.starts_with("/dev/")) return 0;
  try {
    octet::require_camera_address(text);
  } catch (const octet::Error& e) {
    return 0;  // refused, as it should
  }
  return 0;
}
