#include "format/tflite/operator_cost.h"

#include <algorithm>

namespace octet {
namespace {

// Of a tensor that exists; null where it has none.
const flatbuffers::Vector<int32_t>* shape_of(const tflite::SubGraph& graph, int32_t tensor) {
  return tensor < 0 ? nullptr : graph.tensors()->Get(static_cast<uint32_t>(tensor))->shape();
}

}  // namespace

// Weights are (outputs, height, width, inputs), of a depthwise convolution (1, height, width,
// outputs).
double multiplications_of(const std::string& code, const tflite::SubGraph& graph,
                          const tflite::Operator& op) {
  const bool depthwise = code == "DEPTHWISE_CONV_2D";
  if (!depthwise && code != "CONV_2D" && code != "FULLY_CONNECTED") return 0;
  const auto* in = op.inputs();
  const auto* out = op.outputs();
  if (in == nullptr || out == nullptr || in->size() < 2 || out->size() < 1) return 0;
  const auto* weights = shape_of(graph, in->Get(1));
  const auto* made = shape_of(graph, out->Get(0));
  if (weights == nullptr || made == nullptr || weights->size() < 2) return 0;
  double count = 1;
  for (const int32_t side : *made) count *= side;
  const uint32_t end = weights->size() - (depthwise ? 1 : 0);
  for (uint32_t i = 1; i < end; ++i) count *= weights->Get(i);
  return std::max(0.0, count);
}

}  // namespace octet
