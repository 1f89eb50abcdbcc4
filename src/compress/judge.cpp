#include "compress/judge.h"

#include "core/folder.h"
#include "measure/accuracy.h"

namespace octet {

MapEvaluator judge(const std::string& file, Size size, const Dataset& data) {
  Detector detector({.model = file,
                     .size = SizeOption{.size = size, .exact = true},
                     .runtime = {.precision = Precision::kF32, .cache = cache_folder()}});
  return std::move(measure_accuracy(detector, data, BadPicture::kSkip).map);
}

}  // namespace octet
