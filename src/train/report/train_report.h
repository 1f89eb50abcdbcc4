// The report of a training.
#pragma once

#include <filesystem>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "report/facts.h"

namespace octet {

// Writes report.html to the folder, for best.safetensors: figures of each class with the best
// threshold, curves from results.csv, precision and recall, the confusion matrix, and samples of
// predictions beside the labels.
void write_train_report(const std::filesystem::path& folder, const Dataset& validation,
                        const SizeOption& size, const Facts& facts, const ReportedOptions& options);

}  // namespace octet
