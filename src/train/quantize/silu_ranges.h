// The ranges before and behind SiLU together. Its input is rounded, its sigmoid, and its product
// again: where these roundings fall together, a flat part of a picture is off by the same step
// everywhere, and two ranges that are each good alone are bad.
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

// Tries other upper ends of both ranges at every SiLU that alone, computed as engines do, costs
// more than a fiftieth of what all cost, at the twelve costliest at most; keeps those with which
// the outputs of `run` are nearest to the float model's. `groups` are those of placement.groups.
void choose_silu_ranges(const Graph& graph, const Placement& placement,
                        const Distillation& distance, PartialRun& run,
                        std::vector<GroupCalibration>& groups);

}  // namespace octet
