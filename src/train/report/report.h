// Pages that show what training and quantization did.
#pragma once

#include <filesystem>

#include "train/quantize/quantize.h"

namespace octet {

// Curves from results.csv in the folder, precision and recall, the confusion matrix, and samples of
// predictions beside the truth, of best.safetensors. Written as report.html in the folder.
void write_train_report(const std::filesystem::path& folder, const Dataset& validation,
                        const SizeOption& size);

void write_quantize_report(const std::filesystem::path& file, const QuantizeResult& result);

}  // namespace octet
