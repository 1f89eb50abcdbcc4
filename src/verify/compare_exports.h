// An export file against its model, parameter by parameter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/size.h"
#include "model/model.h"
#include "verify/compare_listings.h"

namespace octet {

// Scales, zero points, weights and biases, of integers and of floats: those that the export holds, and those that its format
// leaves out by design.
struct ParameterCount {
  int64_t compared = 0, absent = 0;
};

struct ExportComparison {
  std::filesystem::path file;
  Size size;  // of the input
  Layout layout = Layout::kRaw;
  ParameterCount parameters;
  std::vector<Mismatch> mismatches;
};

// `model`: BatchNorm folded. Throws an Error naming the file when it is no export of octet's, or is
// damaged.
[[nodiscard]] ExportComparison compare_export(const Model& model,
                                              const std::filesystem::path& file);

}  // namespace octet
