// The ranges before and after SiLU together. Its input is rounded, its sigmoid, and its product
// again. Where these roundings fall together, a flat part of an image is off by the same step
// everywhere. Then two ranges that are each good alone are bad.
#pragma once

#include <vector>

#include "quant/calibration/calibration.h"

namespace octet {

// Tries other upper ends of both ranges at every SiLU that alone, computed as engines do, costs
// more than a fiftieth of what all cost, at the twelve costliest at most; keeps those with which
// the outputs of `network` are nearest to the float model's. `groups` are those of placement.groups.
void choose_silu_ranges(const Graph& graph, const Placement& placement, CalibrationNetwork& network,
                        std::vector<GroupCalibration>& groups);

}  // namespace octet
