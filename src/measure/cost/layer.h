// A layer as an engine computes it: a convolution with the activation behind it, or an operator that
// moves data. Layers of equal shape take equal time, so a cost table has one entry for all of them.
//
//   for (const Layer& layer : layers_of(graph, {640, 640})) total += model.cost(layer);
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "core/size.h"
#include "graph/graph.h"

namespace octet {

// The name of the part of a network that takes the image and starts the engine, and of the part that
// hands an output over. All other names are those of operators.
inline constexpr const char* kImageLayer = "Image";
inline constexpr const char* kOutputLayer = "Output";

// Groups of a depthwise convolution: as many as channels.
inline constexpr int kDepthwise = 0;

// All that a time depends on, besides the numbers of channels.
struct LayerKind {
  std::string op;
  int kernel = 1, stride = 1, padding = 0;  // of convolutions and pooling
  int groups = 1;                           // of convolutions; or kDepthwise
  int factor = 1;                           // of ResizeNearest
  int values = 1;                           // that Concat and Add read
  int height = 0, width = 0;                // of the input, in pixels
  bool reads_image = false;
  std::string activation;  // computed with the convolution; empty: none

  auto operator<=>(const LayerKind&) const = default;
};

struct Layer {
  LayerKind kind;
  int inputs = 0, outputs = 0;  // channels; `inputs` of Concat: of all values together

  auto operator<=>(const Layer&) const = default;
};

// "Conv2d 3x3, stride 2, silu, 64 to 128 channels at 80x80", with width x height.
[[nodiscard]] std::string to_string(const Layer& layer);

// Whether inputs and outputs of the kind can differ freely.
[[nodiscard]] bool is_convolution_of_all(const LayerKind& kind);

// Multiply-accumulates of a layer, and the shape (1, C, H, W) of its result.
[[nodiscard]] double multiplications(const Layer& layer);
[[nodiscard]] Shape result_shape(const Layer& layer);

// The operator of a layer, without weights: of Conv2d the shape alone is set.
[[nodiscard]] Operator operator_of(const Layer& layer);

// Every layer of a network with an input of `size`, with equal ones as often as they occur. The
// graph has no BatchNorm. Throws an Error that names a node which has no place in a cost table.
[[nodiscard]] std::vector<Layer> layers_of(const Graph& graph, Size size);

// The same with the values whose channels are counted.
struct PlacedLayer {
  Layer layer;
  std::vector<std::string> inputs, outputs;
};
[[nodiscard]] std::vector<PlacedLayer> placed_layers(const Graph& graph, Size size);

}  // namespace octet
