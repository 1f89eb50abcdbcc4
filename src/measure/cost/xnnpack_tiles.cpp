#include "measure/cost/xnnpack_tiles.h"

#include <algorithm>

namespace octet {
namespace {

double up_to_whole(int channels, int tile) { return (channels + tile - 1) / tile * tile; }

// Values that the operators of a TensorFlow Lite file read and write for an activation. SiLU is a
// LOGISTIC and a MUL, and clamping activations are part of the convolution.
double values_moved(const std::string& activation, double values) {
  if (activation.empty()) return 0;
  const ActivationKind kind = parse_activation(activation);
  if (function_of(kind).fuses_into_conv) return 0;
  return (kind == ActivationKind::kSilu ? 5 : 2) * values;
}

}  // namespace

// nr and kr of the kernels that init_qs8_qc8w_gemm_config() chooses on Linux (XNNPACK, commit
// 0011854617d9, src/configs/gemm-config.c): 4x16 on Cortex-A53, 2x8c8 on A72, 4x16c4 with dot
// products, which A76 has.
const std::vector<XnnpackTile>& xnnpack_tiles() {
  static const std::vector<XnnpackTile> tiles{
      {.target = "pi3", .processor = "cortex-a53", .outputs = 16, .inputs = 1},
      {.target = "pi4", .processor = "cortex-a72", .outputs = 8, .inputs = 8},
      {.target = "pi5", .processor = "cortex-a76", .outputs = 16, .inputs = 4}};
  return tiles;
}

const XnnpackTile* find_xnnpack_tile(std::string_view name) {
  const auto& tiles = xnnpack_tiles();
  const auto found = std::find_if(tiles.begin(), tiles.end(), [&](const XnnpackTile& t) {
    return t.target == name || t.processor == name;
  });
  return found == tiles.end() ? nullptr : &*found;
}

PaperCost cost_on(const XnnpackTile& tile, const Layer& layer) {
  const LayerKind& kind = layer.kind;
  if (kind.op == kOutputLayer) return {};
  const auto results = static_cast<double>(element_count(result_shape(layer)));
  const double read = 1.0 * layer.inputs * kind.height * kind.width;
  PaperCost cost{.operations = 2 * multiplications(layer)};
  cost.padded_operations = cost.operations;
  cost.bytes = read + results + values_moved(kind.activation, results);
  if (kind.op == Add::kTraits.name) cost.bytes += read;
  if (kind.op == Slice::kTraits.name) cost.bytes = 2 * results;
  if (kind.op == Activation::kTraits.name) cost.bytes = values_moved(kind.activation, results);
  if (kind.op != Conv2d::kTraits.name) return cost;
  const auto conv = std::get<Conv2d>(operator_of(layer));
  cost.bytes += static_cast<double>(element_count(conv.weight.shape));
  if (kind.groups == kDepthwise) return cost;  // its kernels have tiles of their own
  const int inputs = layer.inputs / conv.groups;
  const int outputs = layer.outputs / conv.groups;
  cost.padded_operations *= up_to_whole(inputs, tile.inputs) * up_to_whole(outputs, tile.outputs) /
                            (1.0 * inputs * outputs);
  return cost;
}

}  // namespace octet
