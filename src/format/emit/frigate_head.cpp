#include "format/emit/frigate_head.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "graph/topology.h"
#include "quant/params.h"

namespace octet {
namespace {

constexpr size_t kBins = 16;
constexpr size_t kBoxColumns = 4 * kBins;
constexpr const char* kUnusedClass = "unused";

void require_head(const Model& model) {
  if (model.quantization.empty())
    fail("--layout frigate: takes int8 models only; 'octet quantize' makes one");
  if (model.info.task != Task::kDetect)
    fail("--layout frigate: takes detection models only; this one is for {}",
         task_name(model.info.task));
  const Head& head = model.info.head;
  if (head.strides != std::vector<int>{8, 16, 32})
    fail("--layout frigate: Frigate reads the strides 8, 16, 32; this model has {}",
         fmt::join(head.strides, ", "));
  std::vector<float> bins(kBins);
  std::iota(bins.begin(), bins.end(), 0.0F);
  if (head.bins != bins)
    fail("--layout frigate: Frigate reads boxes of the bins 0 to 15; this model has {}",
         fmt::join(head.bins, ", "));
  const Topology topology(model.graph);
  for (const Output& o : model.outputs()) {
    if (!model.quantization.convs.contains(o.value) || !topology.consumers(o.value).empty())
      fail("--layout frigate: the output {} is not the end of an int8 convolution", o.name());
  }
}

// A class of the lowest logit, at every cell.
void add_unused_class(Model& model) {
  for (const Output& o : model.outputs()) {
    if (o.role != OutputRole::kClass) continue;
    const auto node = std::find_if(model.graph.nodes.begin(), model.graph.nodes.end(),
                                   [&](const Node& n) { return n.name == o.value; });
    auto& conv = std::get<Conv2d>(node->op);
    QuantizedConv& q = model.quantization.convs.at(o.value);
    const size_t weights = q.weight.size() / q.scales.size();
    const float low = model.quantization.find(o.value)->low();
    const float step = model.quantization.find(node->inputs[0])->scale * q.scales.back();
    ++conv.weight.shape[0];
    conv.weight.values.resize(conv.weight.values.size() + weights);
    if (!conv.bias.empty()) {
      ++conv.bias.shape[0];
      conv.bias.values.push_back(low);
    }
    q.scales.push_back(q.scales.back());
    q.weight.resize(q.weight.size() + weights);
    q.bias.push_back(static_cast<int32_t>(std::max(
        std::floor(low / step), static_cast<float>(std::numeric_limits<int32_t>::min() / 2))));
  }
  model.info.names.emplace_back(kUnusedClass);
}

// Parameters whose steps cover [low, high], with a zero point that is not negative.
QuantParams raised(double low, double high) {
  const QuantParams p = params_for_range(std::min(low, -high), high);
  if (p.zero_point >= 0) return p;
  return {.scale = round_scale(std::max(high / kInt8Max, low / kInt8Min)), .zero_point = 0};
}

void share_params(Model& model, OutputRole role) {
  double low = 0;
  double high = 0;
  for (const Output& o : model.outputs()) {
    if (o.role != role) continue;
    const QuantParams& p = *model.quantization.find(o.value);
    low = std::min(low, static_cast<double>(p.low()));
    high = std::max(high, static_cast<double>(p.high()));
  }
  const QuantParams all =
      role == OutputRole::kClass ? raised(low, high) : params_for_range(low, high);
  for (const Output& o : model.outputs())
    if (o.role == role) model.quantization.values[o.value] = all;
}

}  // namespace

Model prepared_for_frigate(Model model) {
  require_head(model);
  share_params(model, OutputRole::kBox);
  share_params(model, OutputRole::kClass);
  const size_t classes = model.info.names.size();
  if (classes == 1 || classes == kBoxColumns) add_unused_class(model);
  return model;
}

void emit_frigate_head(const Model& model, Emitter& emitter, const std::vector<HeadPart>& parts) {
  for (const OutputRole role : {OutputRole::kClass, OutputRole::kBox}) {
    std::vector<Emitter::Ref> rows;
    const QuantParams* params = nullptr;
    for (const int stride : model.info.head.strides) {
      const auto part = std::find_if(parts.begin(), parts.end(), [&](const HeadPart& p) {
        return p.output.role == role && p.output.stride == stride;
      });
      const Shape s = emitter.shape(part->value);  // (1, C, h, w)
      const std::string name = part->output.name();
      const auto last = emitter.transpose(name + ".last", part->value, {0, 2, 3, 1});
      rows.push_back(emitter.reshape(name + ".rows", last, {1, s[2] * s[3], s[1]}));
      params = model.quantization.find(part->output.value);
    }
    const std::string name(role_name(role));
    const auto all = emitter.concat(name + ".all", rows, 1);
    emitter.output(name, emitter.quantize(name + ".quantized", all, *params));
  }
}

}  // namespace octet
