#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "model/passes/passes.h"

namespace octet {
namespace {

// Small weights, and a bias as YOLOv8 starts: five objects on a 640 picture, spread over all
// classes.
void make_anew(Conv2d& conv, int64_t classes, int stride, std::mt19937_64& random) {
  conv.weight.shape[0] = classes;
  conv.weight.values.resize(static_cast<size_t>(element_count(conv.weight.shape)));
  std::normal_distribution<float> normal(0, 0.01F);
  for (float& w : conv.weight.values) w = normal(random);
  const double cells = std::pow(640.0 / stride, 2);
  const auto bias = static_cast<float>(std::log(5.0 / static_cast<double>(classes) / cells));
  conv.bias = {{classes}, std::vector<float>(static_cast<size_t>(classes), bias)};
}

}  // namespace

Model select_classes(Model model, const std::vector<std::string>& names, uint64_t seed) {
  if (model.info.names == names) return model;
  return run_pass(PassId::kSelectClasses, std::move(model), [&](Model m) {
    m.info.names = names;
    std::mt19937_64 random(seed);
    for (const Output& output : m.outputs()) {
      if (output.role != OutputRole::kClass) continue;
      const auto node = std::find_if(m.graph.nodes.begin(), m.graph.nodes.end(),
                                     [&](const Node& n) { return n.name == output.value; });
      make_anew(std::get<Conv2d>(node->op), static_cast<int64_t>(names.size()), output.stride,
                random);
    }
    return m;
  });
}

}  // namespace octet
