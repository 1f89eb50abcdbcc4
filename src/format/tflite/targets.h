// Which operators of a TensorFlow Lite file a piece of hardware or a library takes over, by what
// their makers document.
#pragma once

#include <string>
#include <vector>

#include "format/tflite/tflite.h"

namespace octet {

struct Fallback {
  TfliteOperator op;
  std::string reason;
};
// Of one file and one target.
struct TargetReport {
  size_t operators = 0;
  std::vector<Fallback> fallbacks;  // those that the target does not run
};

[[nodiscard]] std::vector<std::string> tflite_targets();  // "edgetpu", "xnnpack", "armnn"

// The operators that stay with the processor's plain kernels. Throws an Error of usage for a target
// that is not known.
[[nodiscard]] std::vector<Fallback> fallbacks(const TfliteSummary& file, const std::string& target);

}  // namespace octet
