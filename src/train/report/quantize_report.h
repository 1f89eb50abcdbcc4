// The report of a quantization: its costs and gains.
#pragma once

#include <filesystem>

#include "report/facts.h"
#include "train/quantize/quantize.h"
#include "train/quantize/quantize_raw.h"

namespace octet {

struct QuantizeReport {
  const QuantizeResult& result;
  const Model& before;  // the float model
  const Dataset& validation;
  SizeOption size;
  Facts facts;
  ReportedOptions options;
};

// Writes the drop of mAP with its interval, the costliest layers, ten images with the detections of
// the float and the int8 model side by side, and ranges. Throws an Error where the file cannot be
// written or an image cannot be read.
void write_quantize_report(const std::filesystem::path& file, const QuantizeReport& report);

struct RawQuantizeReport {
  const RawQuantizeResult& result;
  Facts facts;
  ReportedOptions options;
};

// Writes the distance of each output from the float network's, the course of the training, the
// costliest values, and ranges. Throws an Error where the file cannot be written.
void write_raw_quantize_report(const std::filesystem::path& file, const RawQuantizeReport& report);

}  // namespace octet
