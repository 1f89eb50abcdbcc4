// A configuration is read, or refused with an Error, whatever it says.
#include "core/error.h"
#include "serve/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)octet::parse_live_config({reinterpret_cast<const char*>(data), size}, "fuzz", "/fuzz");
  } catch (const octet::Error&) {
  }
  return 0;
}
