#include "format/import/fold_scaling.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "format/import/draft.h"

namespace octet {
namespace {

double shift_of(const Conv2d& scaling, size_t channel) {
  return scaling.bias.empty() ? 0 : scaling.bias.values[channel];
}

bool shifts(const Conv2d& scaling) {
  return std::any_of(scaling.bias.values.begin(), scaling.bias.values.end(),
                     [](float v) { return v != 0; });
}

void need_bias(Conv2d& conv) {
  const auto channels = static_cast<size_t>(conv.weight.shape[0]);
  if (conv.bias.empty()) conv.bias = {{conv.weight.shape[0]}, std::vector<float>(channels, 0.0F)};
}

// conv, then the scaling.
void scale_outputs(Conv2d& conv, const Conv2d& scaling) {
  need_bias(conv);
  const size_t channels = conv.bias.values.size();
  const size_t each = conv.weight.values.size() / channels;
  for (size_t o = 0; o < channels; ++o) {
    const double scale = scaling.weight.values[o];
    for (size_t i = 0; i < each; ++i) {
      float& w = conv.weight.values[o * each + i];
      w = static_cast<float>(w * scale);
    }
    float& bias = conv.bias.values[o];
    bias = static_cast<float>(bias * scale + shift_of(scaling, o));
  }
}

void scale_outputs(TransposedConv2d& conv, const Conv2d& scaling) {
  const Shape& s = conv.weight.shape;
  const auto outputs = static_cast<size_t>(s[1]);
  const auto pixels = static_cast<size_t>(s[2] * s[3]);
  if (conv.bias.empty()) conv.bias = {{s[1]}, std::vector<float>(outputs, 0.0F)};
  for (size_t i = 0; i < conv.weight.values.size(); ++i) {
    float& w = conv.weight.values[i];
    w = static_cast<float>(static_cast<double>(w) * scaling.weight.values[i / pixels % outputs]);
  }
  for (size_t o = 0; o < outputs; ++o) {
    float& bias = conv.bias.values[o];
    bias = static_cast<float>(static_cast<double>(bias) * scaling.weight.values[o] +
                              shift_of(scaling, o));
  }
}

// Calls visit(output, input of the whole convolution, weights of this pair).
template <typename Visit>
void for_kernels(Conv2d& conv, Visit&& visit) {
  const Shape& s = conv.weight.shape;
  const auto inputs = static_cast<size_t>(s[1]);
  const auto pixels = static_cast<size_t>(s[2] * s[3]);
  const auto outputs = static_cast<size_t>(s[0]);
  const size_t per_group = outputs / static_cast<size_t>(conv.groups);
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < inputs; ++i)
      visit(o, o / per_group * inputs + i,
            std::span(conv.weight.values).subspan((o * inputs + i) * pixels, pixels));
  }
}

// The scaling, then conv. Shifts are the bias' alone: without padding, or where they are zero.
void scale_inputs(Conv2d& conv, const Conv2d& scaling, bool with_shift) {
  need_bias(conv);
  std::vector<double> bias(conv.bias.values.begin(), conv.bias.values.end());
  for_kernels(conv, [&](size_t o, size_t i, std::span<float> kernel) {
    for (float& w : kernel) {
      if (with_shift) bias[o] += static_cast<double>(w) * shift_of(scaling, i);
      w = static_cast<float>(static_cast<double>(w) * scaling.weight.values[i]);
    }
  });
  for (size_t o = 0; o < bias.size(); ++o) conv.bias.values[o] = static_cast<float>(bias[o]);
}

// The weights of a further input channel that is one within the image.
void add_ones_channel(Conv2d& conv, const Conv2d& scaling) {
  const Shape s = conv.weight.shape;
  const auto pixels = static_cast<size_t>(s[2] * s[3]);
  const auto outputs = static_cast<size_t>(s[0]);
  std::vector<double> ones(outputs * pixels, 0);
  for_kernels(conv, [&](size_t o, size_t i, std::span<float> kernel) {
    for (size_t p = 0; p < pixels; ++p)
      ones[o * pixels + p] += static_cast<double>(kernel[p]) * shift_of(scaling, i);
  });
  const size_t each = static_cast<size_t>(s[1]) * pixels;
  Tensor wider{.shape = {s[0], s[1] + 1, s[2], s[3]}, .values = {}};
  for (size_t o = 0; o < outputs; ++o) {
    const auto row = conv.weight.values.begin() + static_cast<std::ptrdiff_t>(o * each);
    wider.values.insert(wider.values.end(), row, row + static_cast<std::ptrdiff_t>(each));
    for (size_t p = 0; p < pixels; ++p)
      wider.values.push_back(static_cast<float>(ones[o * pixels + p]));
  }
  conv.weight = std::move(wider);
}

bool all_convolutions(const std::vector<Node*>& readers) {
  return !readers.empty() && std::all_of(readers.begin(), readers.end(), [](const Node* r) {
    return std::holds_alternative<Conv2d>(r->op);
  });
}

void fold_backwards(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    Node& node = graph.node(i);
    if (graph.is_gone(i) || !is_scaling(node)) continue;
    Node* before = graph.producer(node.inputs[0]);
    if (before == nullptr || graph.only_reader(before->name) != &node) continue;
    const auto& scaling = std::get<Conv2d>(node.op);
    if (auto* conv = std::get_if<Conv2d>(&before->op)) {
      scale_outputs(*conv, scaling);
    } else if (auto* turned = std::get_if<TransposedConv2d>(&before->op)) {
      scale_outputs(*turned, scaling);
    } else {
      continue;
    }
    graph.replace(i, std::string(before->name));
  }
}

void fold_forwards(GraphEditor& graph) {
  bool has_ones = false;
  for (size_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (graph.is_gone(i) || !is_scaling(node) || graph.is_output(node.name)) continue;
    const Conv2d scaling = std::get<Conv2d>(node.op);
    const std::vector<Node*> readers = graph.readers(node.name);
    if (!all_convolutions(readers)) continue;
    const bool padded = std::any_of(readers.begin(), readers.end(), [](const Node* r) {
      return std::get<Conv2d>(r->op).padding != Padding();
    });
    const bool by_ones = padded && shifts(scaling);
    const bool whole = std::all_of(readers.begin(), readers.end(), [](const Node* r) {
      return std::get<Conv2d>(r->op).groups == 1;
    });
    if (by_ones && (node.inputs[0] != graph.input() || !whole)) continue;
    for (Node* reader : readers) {
      auto& conv = std::get<Conv2d>(reader->op);
      if (by_ones) {
        Conv2d wide = conv;
        add_ones_channel(wide, scaling);
        scale_inputs(conv, scaling, false);
        // The first channels are scaled, the last one is not.
        const size_t outputs = conv.bias.values.size();
        const size_t from = conv.weight.values.size() / outputs;
        const size_t to = wide.weight.values.size() / outputs;
        for (size_t o = 0; o < outputs; ++o)
          std::copy_n(conv.weight.values.begin() + static_cast<std::ptrdiff_t>(o * from), from,
                      wide.weight.values.begin() + static_cast<std::ptrdiff_t>(o * to));
        conv.weight = std::move(wide.weight);
      } else {
        scale_inputs(conv, scaling, true);
      }
    }
    if (by_ones && !std::exchange(has_ones, true))
      graph.insert_first({.name = kOnesNode,
                          .op = Pad{.padding = {}, .channels = 1, .value = 1},
                          .inputs = {graph.input()}});
    graph.replace(i, by_ones ? std::string(kOnesNode) : std::string(node.inputs[0]));
  }
}

}  // namespace

bool is_scaling(const Node& node) {
  const auto* conv = std::get_if<Conv2d>(&node.op);
  return conv != nullptr && conv->groups == conv->weight.shape[0] && conv->weight.shape[1] == 1 &&
         conv->weight.shape[2] == 1 && conv->weight.shape[3] == 1 && conv->stride == 1 &&
         conv->padding == Padding();
}

Conv2d scaling_of(const BatchNorm& norm) {
  const int64_t channels = norm.gamma.shape[0];
  Conv2d scaling{.groups = static_cast<int>(channels),
                 .weight = {{channels, 1, 1, 1}, {}},
                 .bias = {{channels}, {}}};
  for (size_t c = 0; c < norm.gamma.values.size(); ++c) {
    const double scale = norm.gamma.values[c] /
                         std::sqrt(static_cast<double>(norm.variance.values[c]) + norm.epsilon);
    scaling.weight.values.push_back(static_cast<float>(scale));
    scaling.bias.values.push_back(
        static_cast<float>(norm.beta.values[c] - scale * norm.mean.values[c]));
  }
  return scaling;
}

void replace_lone_batch_norms(GraphEditor& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    Node& node = graph.node(i);
    const auto* norm = graph.is_gone(i) ? nullptr : std::get_if<BatchNorm>(&node.op);
    if (norm == nullptr) continue;
    const Node* before = graph.producer(node.inputs[0]);
    const bool own = before != nullptr && std::holds_alternative<Conv2d>(before->op) &&
                     !is_scaling(*before) && graph.only_reader(before->name) == &node;
    if (own) continue;
    node.op = scaling_of(*norm);
  }
}

void fold_scalings(GraphEditor& graph) {
  fold_backwards(graph);
  fold_forwards(graph);
}

}  // namespace octet
