// Small int8 networks whose times tell the time of a layer. Sources make the layer's inputs from an
// image, and sinks read a few of the results, so that values stay inside the engine:
//
//   image ─▶ source ─▶ (layer) ─▶ sink        as often as there are copies
//
// The time with the layers less the time without them is that of the layers. Copies have sources of
// their own: engines compute equal operators on equal values once.
#pragma once

#include "core/size.h"
#include "measure/cost/layer.h"
#include "model/model.h"

namespace octet {

struct SampleNetwork {
  Model model;
  Size size;  // of its input
};

struct SampleOptions {
  int copies = 4;
  bool with_layer = true;
  int weight_bits = 8;
};
[[nodiscard]] SampleNetwork sample_network(const Layer& layer, const SampleOptions& options);

// A float model without BatchNorm in integers, for its time alone: all ranges are guesses.
[[nodiscard]] Model roughly_quantized(Model model, int weight_bits);

}  // namespace octet
