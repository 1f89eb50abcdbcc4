// The page that shows what quantization cost and gained.
#pragma once

#include <filesystem>

#include "report/facts.h"
#include "train/quantize/quantize.h"

namespace octet {

struct QuantizeReport {
  const QuantizeResult& result;
  const Model& before;  // the float model
  const Dataset& validation;
  SizeOption size;
  Facts facts;
  ReportedOptions options;
};

// The drop of mAP with its interval, the layers that cost most, ten images with the detections of
// the float and of the int8 model beside each other, and ranges. Throws an Error where the file
// cannot be written or an image not be read.
void write_quantize_report(const std::filesystem::path& file, const QuantizeReport& report);

}  // namespace octet
