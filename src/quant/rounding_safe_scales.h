// Chooses scales for which all engines round alike. Engines round a value between two steps
// differently: some add the zero point before rounding, and TensorFlow Lite's own kernels round
// twice.
//
// The sigmoid of SiLU, its product, and the rescaled summand of an Add take only 256 known values
// each. Moving their scales by a fraction of a percent keeps every value away from the places where
// engines differ. A sum of summands with other scales has its own rule (quant/sum_scales.h).
//
// Accumulators take too many values for that. They are multiplied by the requantization factor:
// input scale × weight scale / output scale. Where the factor has few significant bits, float32
// holds every product and sum exactly, so the order of an engine's operations has no effect. With
// an even zero point a value in the middle between two steps rounds to the same side in every
// order.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"
#include "quant/placement.h"

namespace octet {

// Moves each scale to the nearest one with 16 significant bits for which all engines give the same
// integers and convolutions have factors of few bits. Where there is none within 1.6 %, it takes
// the scale with the fewest differing values. An odd zero point of a convolution's output is
// lowered by one, since the upper end of the range is more important. `groups` are the parameters
// of placement.groups. Those of placement.fixed stay.
void snap_scales(const Graph& graph, const Placement& placement, std::vector<QuantParams>& groups);

// Moves each weight scale of a convolution to the nearest one whose requantization factor has four
// to seven significant bits in float32, none below 2^-15. Products of up to 512 steps are then
// exact. Where none is near, it takes a factor of eight bits, none below 2^-16. Where there is none
// of these either, it takes one of seven bits farther away (6 of 6058 channels of a YOLOv8n-pose).
// A factor below 2^-13 has fewer bits, at least the one of 2^-16 (24 of 18006 channels of MoveNet).
// Of YOLOv8n's scales, 98 of 100 move by less than 5 %, a few by up to 13 %. Scales without such a
// factor, and scales that are not numbers, are unchanged.
//
// Even weights are for TensorFlow Lite's own kernels, which multiply by an integer of 31 bits,
// round, shift, and round again. Where the factor is just below a power of two, that integer is
// just below 2^31, and the first rounding returns the sum itself. Even weights and odd biases make
// odd sums, and no odd sum is in the middle between two steps. Every engine that rounds to nearest
// then gives the same result.
//
// On a grid of even weights, the scale of a unit (two steps) therefore moves to the nearest such
// factor, by 0.85 octaves up or 0.15 down. No factor is below 2^-13, so sums have 22 bits at most.
// The factor is so close to the power of two that the first rounding has no effect: over all
// channels of a trained YOLOv8n and YOLOv8n-pose it is at most 0.23 of a step.
void snap_weight_scales(std::vector<float>& scales, const QuantParams& input,
                        const QuantParams& output, const WeightGrid& grid);

}  // namespace octet
