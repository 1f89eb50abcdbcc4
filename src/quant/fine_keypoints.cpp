#include "quant/fine_keypoints.h"

namespace octet {

void spread_fine_keypoints(Model& model, const Placement& placement,
                           const std::vector<QuantParams>& groups) {
  for (const Output& o : model.outputs()) {
    const auto group = placement.group_of.find(o.value);
    if (o.role != OutputRole::kFineKeypoint || group == placement.group_of.end()) continue;
    const float third = groups[group->second].scale / 3;
    for (Node& node : model.graph.nodes) {
      if (node.name != o.value) continue;
      std::vector<float>& bias = std::get<Conv2d>(node.op).bias.values;
      for (size_t i = 0; i < bias.size(); ++i) bias[i] += i < bias.size() / 2 ? -third : third;
    }
  }
}

}  // namespace octet
