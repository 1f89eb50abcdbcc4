// Any bytes as a picture, of whatever kind they say they are.
#include <cstdint>
#include <span>

#include "core/error.h"
#include "media/image/coded_picture.h"
#include "media/image/jpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    (void)(octet::is_jpeg(bytes) ? octet::decode_jpeg(bytes, "fuzz.jpg")
                                 : octet::decode_picture(bytes, "fuzz.png"));
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
