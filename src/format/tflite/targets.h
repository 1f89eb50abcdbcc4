// The operators of a TensorFlow Lite file that a device or a library runs, by the documentation of
// their makers.
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

// Returns the operators that the target leaves to plain kernels of the processor. Throws a usage
// Error for an unknown target.
[[nodiscard]] std::vector<Fallback> fallbacks(const TfliteSummary& file, const std::string& target);

}  // namespace octet
