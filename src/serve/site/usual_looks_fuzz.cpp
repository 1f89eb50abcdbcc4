// Any text as the file of usual looks.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "serve/site/site_watch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    for (const auto& [camera, look] :
         octet::parse_usual_looks({reinterpret_cast<const char*>(data), size}, "fuzz")) {
      octet::Drift drift(look);
      for (int i = 0; i < 2 * octet::kWindowSamples; ++i) (void)drift.add({});
      for (const octet::Change& change : drift.changes()) (void)change.text();
    }
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
