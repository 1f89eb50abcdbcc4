// Engines round what lies between two steps differently: some add the zero point before they round,
// TensorFlow Lite's own kernels round twice. But SiLU's products, its sigmoids, and the summand
// that an Add has to scale take 256 values each, all known: scales that move by a fraction of a
// percent keep every one of them away from where engines differ.
//
// Accumulators are too many for that. They are multiplied by input scale × weight scale / output
// scale: where that factor has but a few bits, float32 holds every product and every sum, and it
// does not matter in which order an engine makes them. What lies in the middle between two steps
// goes to the even one, with the zero point or without it, if the zero point is even.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"
#include "quant/placement.h"

namespace octet {

// Moves scales to the nearest with 16 significant bits for which all engines give the same
// integers, and convolutions find factors of few bits; where there is none within 1.6 %, to the one
// with the fewest that differ. Odd zero
// points of convolutions' outputs go down by one: of their ranges the upper end counts. `groups`
// are the parameters of placement.groups.
void snap_scales(const Graph& graph, const Placement& placement, std::vector<QuantParams>& groups);

// Moves a convolution's weight scales to the nearest at which float32 gives a factor of seven bits
// at most, none of them below 2^-15 (products of up to 512 steps are exact then), and at least
// four; of eight, to 2^-16, where there are none near by; of seven, farther off, where there are
// none of these either (6 of 6058 in a YOLOv8n-pose). Of YOLOv8n's, 98 of 100 move by less than
// 5 %, a few by up to 13 %. Those without such a factor stay, and those that are no numbers.
//
// TensorFlow Lite's own kernels need more: they multiply by an integer of 31 bits, round, shift,
// and round again. Where the factor is just below a power of two, that integer is just below 2^31,
// and what the first rounding gives is the sum itself. Even weights and odd biases make odd sums,
// and in the middle between two steps there are none: however an engine rounds to the nearest,
// there is one result. So of a grid of even weights, scales of units (of two steps) move to the
// nearest, by 0.85 octaves up or 0.15 down, at which the factor is such a one, and none is below
// 2^-13: sums then have 22 bits at most. The factor is below by so little that the first rounding
// leaves them as they are (it would take off 0.23 of a step of the sum where it takes most, of all
// channels of a trained YOLOv8n and YOLOv8n-pose).
void snap_weight_scales(std::vector<float>& scales, const QuantParams& input,
                        const QuantParams& output, const WeightGrid& grid);

}  // namespace octet
