// Times of layers without the help of an engine: a network is cut behind each layer, and a layer has
// the time by which the network is longer with it.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "measure/cost/layer_timer.h"
#include "model/model.h"

namespace octet {

// The first `count` nodes of a model without BatchNorm. Values that nothing reads there are its
// outputs.
[[nodiscard]] Model first_nodes(const Model& model, size_t count);

// A layer, and its time in a small network of its own; negative: it was not measured.
struct CutLayer {
  LayerTime time;
  double alone_s = -1;
};

// Layers in the order of the graph, behind one for the image and the start of the engine. The
// costliest of an int8 model are measured alone too. Throws an Error when it is interrupted.
[[nodiscard]] std::vector<CutLayer> time_cut_networks(const Model& model, Size size,
                                                      LayerTimer& timer);

}  // namespace octet
