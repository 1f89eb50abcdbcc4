#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "graph/shapes.h"
#include "graph/topology.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

constexpr size_t kPlane = 2, kVisibilityNumber = 3;
// Of the numbers of a point. The first two stay together.
constexpr std::array<const char*, 5> kNames = {"xy", "", "z", "visibility", "presence"};

std::string name_of(size_t number) {
  return number < kNames.size() ? kNames.at(number) : std::to_string(number + 1);
}

// The output of points, and the convolution that computes it.
struct Found {
  size_t output = 0, node = 0;
  int64_t points = 0;
};

// Nothing where the points are no direct result of a convolution of one position.
std::optional<Found> find_points(const Model& m) {
  const std::string* name =
      m.info.pose_head ? m.info.pose_head->output(PosePart::kPoints) : nullptr;
  if (name == nullptr || m.info.pose_head->point_numbers == kPlane) return {};
  const auto output = std::find_if(m.head_outputs.begin(), m.head_outputs.end(),
                                   [&](const HeadOutput& o) { return o.raw.name == *name; });
  const auto at = static_cast<size_t>(output - m.head_outputs.begin());
  const std::string& value = m.graph.outputs.at(at);
  const auto& nodes = m.graph.nodes;
  const auto node =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == value; });
  if (node == nodes.end()) return {};
  const auto* conv = std::get_if<Conv2d>(&node->op);
  const Shape shape = infer_shapes(m.graph, m.graph.smallest_size()).at(value);
  const int numbers = m.info.pose_head->point_numbers;
  if (conv == nullptr || conv->groups != 1 || shape[2] * shape[3] != 1 || shape[1] % numbers != 0)
    return {};
  return Found{at, static_cast<size_t>(node - nodes.begin()), shape[1] / numbers};
}

// The rows of these numbers of each point, point by point.
ChannelList rows_of(int64_t points, int64_t numbers, int64_t first, int64_t count) {
  ChannelList rows;
  for (int64_t p = 0; p < points; ++p) {
    for (int64_t i = first; i < first + count; ++i) rows.push_back(p * numbers + i);
  }
  return rows;
}

Model split(Model m) {
  const auto found = find_points(m);
  if (!found) return m;
  PoseHead& head = *m.info.pose_head;
  const Node whole = m.graph.nodes[found->node];
  const HeadOutput meaning = m.head_outputs[found->output];
  const int64_t numbers = head.point_numbers;
  std::vector<Node> nodes;
  std::vector<HeadOutput> meanings;
  for (int64_t first = 0; first < numbers; first += first == 0 ? kPlane : 1) {
    const ChannelList rows = rows_of(found->points, numbers, first, first == 0 ? kPlane : 1);
    const std::string part = name_of(static_cast<size_t>(first));
    nodes.push_back({.name = whole.name + "." + part,
                     .op = select_outputs(std::get<Conv2d>(whole.op), rows),
                     .inputs = whole.inputs});
    meanings.push_back(meaning);
    meanings.back().raw.name += "_" + part;
    if (!meaning.raw.shape.empty())
      meanings.back().raw.shape = {1, static_cast<int64_t>(rows.size())};
    if (first == 0) head.outputs[PosePart::kPoints] = meanings.back().raw.name;
    if (first == kVisibilityNumber)
      head.outputs.try_emplace(PosePart::kVisibility, meanings.back().raw.name);
  }
  head.point_numbers = kPlane;
  const bool read = !Topology(m.graph).consumers(whole.name).empty();
  const auto at = m.graph.nodes.begin() + static_cast<std::ptrdiff_t>(found->node);
  const auto behind = m.graph.nodes.insert(at + 1, nodes.begin(), nodes.end());
  if (!read) m.graph.nodes.erase(behind - 1);
  const auto place = static_cast<std::ptrdiff_t>(found->output);
  m.head_outputs.erase(m.head_outputs.begin() + place);
  m.head_outputs.insert(m.head_outputs.begin() + place, meanings.begin(), meanings.end());
  std::vector<std::string> values;
  for (const Node& node : nodes) values.push_back(node.name);
  m.graph.outputs.erase(m.graph.outputs.begin() + place);
  m.graph.outputs.insert(m.graph.outputs.begin() + place, values.begin(), values.end());
  return m;
}

}  // namespace

Model split_points(Model model) { return run_pass(PassId::kSplitPoints, std::move(model), split); }

}  // namespace octet
