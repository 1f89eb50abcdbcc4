// The mAP of a model file, as 'octet val' measures it.
#pragma once

#include <string>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "eval/map_evaluator.h"

namespace octet {

[[nodiscard]] MapEvaluator judge(const std::string& file, Size size, const Dataset& data);

}  // namespace octet
