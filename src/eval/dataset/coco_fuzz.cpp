// Any text as a COCO JSON, with and without the classes of a model.
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "eval/dataset/dataset_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const octet::DatasetOptions& options :
       {octet::DatasetOptions{.images = "/fuzz"},
        octet::DatasetOptions{.images = "/fuzz", .model_names = {"cat", "dog"}}}) {
    try {
      (void)octet::parse_coco_dataset(text, "fuzz.json", options);
    } catch (const octet::Error&) {
      continue;  // refused, as it should
    }
  }
  return 0;
}
