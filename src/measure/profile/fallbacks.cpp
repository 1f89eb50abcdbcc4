#include "measure/profile/fallbacks.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace octet {
namespace {

bool is_float(const std::string& precision) {
  return precision == "fp32" || precision == "fp16" || precision == "bf16";
}

// Of values from one form to another: what runs between integers and float, or before the first.
bool converts(const LayerTime& layer) {
  constexpr std::array<std::string_view, 10> kTypes{
      "Input",    "Output",           "Reorder",       "Convert",      "QuantizeLinear",
      "Quantize", "DequantizeLinear", "ReorderOutput", "FakeQuantize", "Transpose"};
  constexpr std::array<std::string_view, 4> kTfliteTypes{"QUANTIZE", "DEQUANTIZE", "CAST",
                                                         "RESHAPE"};
  return std::find(kTypes.begin(), kTypes.end(), layer.type) != kTypes.end() ||
         std::find(kTfliteTypes.begin(), kTfliteTypes.end(), layer.type) != kTfliteTypes.end();
}

std::string reason_of(const ProfiledLayer& layer, const Model* model) {
  if (model == nullptr || layer.node.empty()) return "the engine computes it in float";
  const Node* node = model->graph.find(layer.node);
  const bool conv = node != nullptr && std::holds_alternative<Conv2d>(node->op);
  if (conv && !model->quantization.convs.contains(layer.node))
    return "the model has float weights for it";
  if (!conv && model->quantization.find(layer.node) == nullptr)
    return "the model has no range for its values";
  return "the model has integers for it, and the engine no integer kernel";
}

}  // namespace

void explain_fallbacks(const Model* model, Profile& profile) {
  const bool int8 =
      std::any_of(profile.layers.begin(), profile.layers.end(), [](const ProfiledLayer& layer) {
        return layer.time.multiplications > 0 && layer.time.precision == "int8";
      });
  if (!int8) return;
  for (ProfiledLayer& layer : profile.layers) {
    if (layer.time.fallback.empty() && is_float(layer.time.precision) && !converts(layer.time))
      layer.time.fallback = reason_of(layer, model);
  }
}

}  // namespace octet
