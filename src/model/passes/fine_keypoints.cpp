#include <algorithm>
#include <vector>

#include "model/passes/passes.h"

namespace octet {
namespace {

// Twice the same numbers, along the first axis.
void repeat(Tensor& t) {
  t.shape.at(0) *= 2;
  const size_t once = t.values.size();
  t.values.resize(2 * once);
  std::copy_n(t.values.begin(), once, t.values.begin() + static_cast<std::ptrdiff_t>(once));
}

}  // namespace

Model add_fine_keypoints(Model model) {
  return run_pass(PassId::kFineKeypoints, std::move(model), [](Model m) {
    std::vector<Output> fine;
    for (const Output& o : m.outputs()) {
      if (o.role != OutputRole::kKeypoint) continue;
      auto& nodes = m.graph.nodes;
      const auto at = std::find_if(nodes.begin(), nodes.end(),
                                   [&](const Node& n) { return n.name == o.value; });
      Node node = *at;
      node.name += ".fine";
      auto* conv = std::get_if<Conv2d>(&node.op);
      if (conv == nullptr || conv->groups != 1 || conv->bias.empty()) continue;
      repeat(conv->weight);
      repeat(conv->bias);
      fine.push_back({.value = node.name, .role = OutputRole::kFineKeypoint, .stride = o.stride});
      nodes.insert(at + 1, std::move(node));
    }
    for (const Output& o : fine) m.add_output(o);
    return m;
  });
}

}  // namespace octet
