// Any text as a label file; the first byte picks the format.
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "eval/dataset/dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const octet::LabelFormat formats[] = {{.classes = 3},
                                        {.classes = 1, .keypoints = 2, .keypoint_dims = 3},
                                        {.classes = 80, .keypoints = 1, .keypoint_dims = 2}};
  try {
    (void)octet::parse_labels(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1),
                              formats[data[0] % 3], "fuzz.txt");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
