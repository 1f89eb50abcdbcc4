// The page that shows what training did.
#pragma once

#include <filesystem>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "report/facts.h"

namespace octet {

// Figures of each class with the threshold to detect with, curves from results.csv in the folder,
// precision and recall, the confusion matrix, and samples of predictions beside the labels, of
// best.safetensors. Written as report.html in the folder.
void write_train_report(const std::filesystem::path& folder, const Dataset& validation,
                        const SizeOption& size, const Facts& facts, const ReportedOptions& options);

}  // namespace octet
