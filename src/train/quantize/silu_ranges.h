// Chooses the ranges before and behind SiLU together. Its input, its sigmoid and its product are
// rounded. Where these roundings fall together, a flat part of an image is wrong by the same step
// everywhere. Two ranges that are each good alone can then be bad together.
#pragma once

#include <initializer_list>
#include <vector>

#include "graph/graph.h"
#include "quant/placement.h"
#include "train/loss/distill.h"
#include "train/network/partial_run.h"
#include "train/quantize/calibrate.h"

namespace octet {

// The distance of the outputs of `run` from the float model's when these groups alone are
// quantized.
[[nodiscard]] double cost_of(std::initializer_list<const GroupCalibration*> groups,
                             const Distillation& distance, PartialRun& run);

// Tries other upper ends of both ranges at every SiLU that costs more than a fiftieth of all alone,
// computed as in engines, and at most at the twelve costliest. Keeps the ends with which the
// outputs of `run` are nearest to those of the float model. `groups` are those of placement.groups.
void choose_silu_ranges(const Graph& graph, const Placement& placement,
                        const Distillation& distance, PartialRun& run,
                        std::vector<GroupCalibration>& groups);

}  // namespace octet
