// Compares an export with its model, parameter by parameter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/size.h"
#include "model/model.h"
#include "verify/compare_listings.h"

namespace octet {

// The number of scales, zero points, weights and biases, integers and floats: those that the export
// holds, and those that its format leaves out by design.
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

// The BatchNorm of `model` has to be folded. Throws an Error that names the file when it is damaged
// or not an export of octet.
[[nodiscard]] ExportComparison compare_export(const Model& model,
                                              const std::filesystem::path& file);

}  // namespace octet
