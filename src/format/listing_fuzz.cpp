// Exports as 'verify' and 'inspect' read them: the first byte chooses the format. Of a format of two
// files, half of the rest is the second.
#include <cstdint>
#include <string>

#include "core/error.h"
#include "format/listing.h"
#include "format/registry.h"
#include "format/tflite/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto formats = octet::export_formats();
  const octet::ExportFormat& format = formats[data[0] % formats.size()];
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + 1, size - 1));
  const size_t second = format.weights_extension.empty() ? 0 : bytes.size() / 2;
  const octet::ExportContent content{
      .main = {reinterpret_cast<const char*>(bytes.data()), bytes.size() - second},
      .weights = {bytes.end() - static_cast<std::ptrdiff_t>(second), bytes.end()}};
  try {
    (void)format.list(content, "fuzz");
  } catch (const octet::Error&) {
  }
  try {
    if (format.check_target != nullptr) (void)format.check_target(content, "fuzz", "");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should; and no target has no name
  }
  return 0;
}
