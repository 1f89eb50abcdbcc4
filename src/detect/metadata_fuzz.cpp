// Any text as the YAML that Ultralytics writes beside an export, and as the metadata inside one.
#include <cstdint>
#include <string>

#include "core/error.h"
#include "detect/artifact.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char* key : {"metadata.yaml", "octet"}) {
    try {
      (void)octet::parse_export_metadata({{key, text}}, "fuzz");
    } catch (const octet::Error&) {
      continue;  // refused, as it should
    }
  }
  try {
    (void)octet::parse_export_metadata(
        {{"task", "pose"}, {"names", text}, {"stride", "32"}, {"kpt_shape", "[17, 3]"}}, "fuzz");
  } catch (const octet::Error&) {
    return 0;
  }
  return 0;
}
