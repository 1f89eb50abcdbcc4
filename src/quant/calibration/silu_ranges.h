// The ranges before and after SiLU together. Its input is rounded, its sigmoid, and its product
// again. Where these roundings fall together, a flat part of an image is off by the same step
// everywhere. Then two ranges that are each good alone are bad.
#pragma once

#include <vector>

#include "quant/calibration/calibration.h"

namespace octet {

// Tries other upper ends of both ranges at every SiLU that costs more than a fiftieth of all alone,
// computed as in engines, and at most at the twelve costliest. Keeps the ends with which the outputs
// of `network` are nearest to those of the float model. `groups` are those of placement.groups.
void choose_silu_ranges(const Graph& graph, const Placement& placement, CalibrationNetwork& network,
                        std::vector<GroupCalibration>& groups);

}  // namespace octet
