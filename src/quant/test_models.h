// Small models for tests of quantization.
#pragma once

#include <utility>
#include <vector>

#include "model/model.h"

namespace octet {

inline Tensor filled(Shape shape, float value) {
  const auto count = static_cast<size_t>(element_count(shape));
  return {std::move(shape), std::vector<float>(count, value)};
}

inline Conv2d conv(int64_t out, int64_t in, int64_t kernel) {
  return {.padding = static_cast<int>(kernel / 2),
          .weight = filled({out, in, kernel, kernel}, 0.5F),
          .bias = filled({out}, 0.25F)};
}

// image → a → SiLU → [slice, slice] → b → ReLU → add → concat → head
inline Model small_model() {
  Model m;
  Graph& g = m.graph;
  g.nodes = {
      {"a", conv(4, 3, 3), {"image"}},    {"a.act", Activation{ActivationKind::kSilu}, {"a"}},
      {"left", Slice{0, 2}, {"a.act"}},   {"right", Slice{2, 4}, {"a.act"}},
      {"b", conv(2, 2, 3), {"right"}},    {"b.act", Activation{ActivationKind::kRelu6}, {"b"}},
      {"sum", Add{}, {"right", "b.act"}}, {"all", Concat{}, {"left", "right", "sum"}},
      {"head", conv(2, 6, 1), {"all"}}};
  m.add_output({.value = "head", .role = OutputRole::kClass, .stride = 1});
  return m;
}

}  // namespace octet
