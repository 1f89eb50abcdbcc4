#include "measure/cost/sample_network.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/error.h"
#include "quant/params.h"
#include "quant/placement.h"

namespace octet {
namespace {

constexpr int kSinkChannels = 8, kSinkStride = 16;
constexpr double kClampedTo = 6, kUsualRange = 4;  // of values; they have no effect on times

// A few values of one pattern: times do not depend on them.
Tensor noise(const Shape& shape) {
  std::minstd_rand random(1);
  Tensor t{.shape = shape, .values = std::vector<float>(static_cast<size_t>(element_count(shape)))};
  for (float& value : t.values) value = static_cast<float>(random() % 255) / 127 - 1;
  return t;
}

Conv2d convolution(int inputs, int outputs, int stride) {
  return {.stride = stride, .weight = noise({outputs, inputs, 1, 1}), .bias = noise({outputs})};
}

class Builder {
 public:
  Builder(const Layer& layer, const SampleOptions& options) : layer_(layer), options_(options) {
    const LayerKind& kind = layer.kind;
    // Inputs are multiples of 32 pixels; a source takes each `shrink_`-th.
    if (!kind.reads_image && kind.op != kImageLayer)
      shrink_ = kInputMultiple / std::gcd(kInputMultiple, std::gcd(kind.width, kind.height));
    size_ = {kind.width * shrink_, kind.height * shrink_};
  }

  SampleNetwork build() {
    if (layer_.kind.op == kImageLayer || layer_.kind.reads_image) {
      add_probe();
    } else {
      add_shared();
    }
    for (int i = 0; i < options_.copies && layer_.kind.op != kImageLayer; ++i) add_copy(i);
    return {roughly_quantized(std::move(model_), options_.weight_bits), size_};
  }

 private:
  std::string add(std::string name, Operator op, std::vector<std::string> inputs) {
    model_.graph.nodes.push_back({name, std::move(op), std::move(inputs)});
    return name;
  }
  void add_output(const std::string& value) {
    const auto index = static_cast<int>(model_.head_outputs.size()) + 1;
    model_.add_output({.value = value, .role = OutputRole::kBox, .stride = index});
  }
  void add_sink(const std::string& value, int channels) {
    add_output(add("sink_" + value, convolution(channels, kSinkChannels, kSinkStride), {value}));
  }
  // An output of an image that nothing else reads.
  void add_probe() {
    add_output(add("probe", convolution(3, kSinkChannels, kInputMultiple), {model_.graph.input}));
  }
  std::string add_source(const std::string& name, int channels) {
    return add(name, convolution(3, channels, shrink_), {model_.graph.input});
  }
  // The values of a Concat or an Add have equal numbers of channels, as near as they can.
  [[nodiscard]] int channels_of_value(int index) const {
    if (layer_.kind.op != Concat::kTraits.name) return layer_.inputs;
    const int each = layer_.inputs / layer_.kind.values;
    return index == 0 ? layer_.inputs - each * (layer_.kind.values - 1) : each;
  }
  // Inputs of a layer besides its first.
  void add_shared() {
    for (int i = 1; i < layer_.kind.values; ++i) {
      shared_.push_back(add_source(fmt::format("shared{}", i), channels_of_value(i)));
      add_sink(shared_.back(), channels_of_value(i));
    }
  }

  void add_copy(int index) {
    if (layer_.kind.reads_image) {
      if (options_.with_layer) add_sink(add_layer(index, model_.graph.input), layer_.outputs);
      return;
    }
    const int channels = channels_of_value(0);
    const std::string source = add_source(fmt::format("source{}", index), channels);
    // An output has nothing else behind it, as in a whole network: engines then compute it at once.
    if (layer_.kind.op == kOutputLayer && options_.with_layer) return add_output(source);
    // A second reader keeps an activation from becoming a part of its source.
    if (layer_.kind.op == Activation::kTraits.name || !options_.with_layer)
      add_sink(source, channels);
    if (!options_.with_layer) return;
    add_sink(add_layer(index, source), layer_.outputs);
  }
  std::string add_layer(int index, const std::string& source) {
    Operator op = operator_of(layer_);
    auto* const conv = std::get_if<Conv2d>(&op);
    if (conv != nullptr) {
      conv->weight = noise(conv->weight.shape);
      conv->bias = noise({layer_.outputs});
    }
    std::vector<std::string> inputs{source};
    inputs.insert(inputs.end(), shared_.begin(), shared_.end());
    const std::string made = add(fmt::format("layer{}", index), std::move(op), std::move(inputs));
    if (conv == nullptr || layer_.kind.activation.empty()) return made;
    return add(fmt::format("activation{}", index),
               Activation{parse_activation(layer_.kind.activation)}, {made});
  }

  const Layer& layer_;
  const SampleOptions& options_;
  int shrink_ = 1;
  Size size_;
  Model model_;
  std::vector<std::string> shared_;
};

std::vector<float> largest_as_limit(const Conv2d& conv, const WeightGrid& grid) {
  const size_t channels = static_cast<size_t>(conv.weight.shape[0]);
  const size_t each = conv.weight.values.size() / channels;
  std::vector<float> scales;
  for (size_t c = 0; c < channels; ++c) {
    float largest = 0;
    for (size_t i = c * each; i < (c + 1) * each; ++i)
      largest = std::max(largest, std::abs(conv.weight.values[i]));
    scales.push_back(largest > 0 ? largest / static_cast<float>(grid.limit()) : 1.0F);
  }
  return scales;
}

// The parameters of values that share them. Clamping activations get the range that they clamp to,
// so that engines compute them within the convolution.
QuantParams rough_params(const Model& model, const std::vector<std::string>& group) {
  for (const std::string& value : group) {
    const auto* act = std::get_if<Activation>(&model.graph.find(value)->op);
    if (act != nullptr && function_of(act->kind).fuses_into_conv)
      return params_for_range(0, kClampedTo);
  }
  return params_for_range(-kUsualRange, kUsualRange);
}

}  // namespace

SampleNetwork sample_network(const Layer& layer, const SampleOptions& options) {
  return Builder(layer, options).build();
}

Model roughly_quantized(Model model, int weight_bits) {
  const Placement placement = place_quantizers(model);
  Quantization& q = model.quantization;
  q.weight_grid = {.bits = weight_bits};
  for (size_t g = 0; g < placement.groups.size(); ++g) {
    const auto& group = placement.groups[g];
    const auto fixed = placement.fixed.find(g);
    const QuantParams params =
        fixed != placement.fixed.end() ? fixed->second : rough_params(model, group);
    for (const std::string& value : group) q.values[value] = params;
  }
  for (const std::string& name : placement.convs) {
    const Node& node = *model.graph.find(name);
    const auto& conv = std::get<Conv2d>(node.op);
    q.convs[name] = quantize_conv(conv, largest_as_limit(conv, q.weight_grid),
                                  q.values.at(node.inputs.at(0)), q.weight_grid);
  }
  return model;
}

}  // namespace octet
