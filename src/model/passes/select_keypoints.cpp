#include <algorithm>
#include <random>
#include <utility>

#include "core/error.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

// Small weights and no bias: points begin at the middle of their cell, visible or not.
void make_anew(Conv2d& conv, int64_t channels, std::mt19937_64& random) {
  conv.weight.shape[0] = channels;
  conv.weight.values.resize(static_cast<size_t>(element_count(conv.weight.shape)));
  std::normal_distribution<float> normal(0, 0.01F);
  for (float& w : conv.weight.values) w = normal(random);
  conv.bias = {{channels}, std::vector<float>(static_cast<size_t>(channels), 0.0F)};
}

std::vector<Node>::iterator node_of(Model& m, const std::string& value) {
  return std::find_if(m.graph.nodes.begin(), m.graph.nodes.end(),
                      [&](const Node& n) { return n.name == value; });
}

void remove_visibility(Model& m) {
  std::vector<Output> kept;
  for (const Output& o : m.outputs()) {
    if (o.role == OutputRole::kVisibility)
      m.graph.nodes.erase(node_of(m, o.value));
    else
      kept.push_back(o);
  }
  m.graph.outputs.clear();
  m.head_outputs.clear();
  for (const Output& o : kept) m.add_output(o);
}

// Beside each output of keypoints, from what that is computed from.
void add_visibility(Model& m) {
  for (const Output& o : m.outputs()) {
    if (o.role != OutputRole::kKeypoint) continue;
    const auto at = node_of(m, o.value);
    Node node = *at;
    node.name += ".visibility";
    m.add_output({.value = node.name, .role = OutputRole::kVisibility, .stride = o.stride});
    m.graph.nodes.insert(at + 1, std::move(node));
  }
}

}  // namespace

Model select_keypoints(Model model, const KeypointShape& shape, uint64_t seed) {
  Head& head = model.info.head;
  if (head.keypoints == shape.count && (head.keypoints == 0 || head.keypoint_dims == shape.dims))
    return model;
  if (head.keypoints == 0 || shape.count == 0) return model;  // another task: another head
  return run_pass(PassId::kSelectKeypoints, std::move(model), [&](Model m) {
    if (m.info.head.keypoint_dims == 3 && shape.dims == 2) remove_visibility(m);
    if (m.info.head.keypoint_dims == 2 && shape.dims == 3) add_visibility(m);
    m.info.head.keypoints = shape.count;
    m.info.head.keypoint_dims = shape.dims;
    m.info.flip_index = shape.flip_index;
    std::mt19937_64 random(seed);
    for (const Output& o : m.outputs()) {
      if (o.role != OutputRole::kKeypoint && o.role != OutputRole::kVisibility) continue;
      auto* conv = std::get_if<Conv2d>(&node_of(m, o.value)->op);
      if (conv == nullptr || conv->groups != 1)
        fail("{}: is no convolution; keypoints of another shape cannot be made there", o.value);
      make_anew(*conv, m.info.head.channels(o.role, m.info.names.size()), random);
    }
    return m;
  });
}

}  // namespace octet
