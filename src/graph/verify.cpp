#include "graph/verify.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "graph/shapes.h"

namespace octet {
namespace {

void require_sound(const Node& node, std::string_view name, const Tensor& tensor,
                   const char* cause) {
  for (const int64_t d : tensor.shape) {
    if (d <= 0) fail("{}.{}: shape {} has an empty side", node.name, name, to_string(tensor.shape));
  }
  if (element_count(tensor.shape) != static_cast<int64_t>(tensor.values.size())) {
    fail("{}.{}: {} values do not fill the shape {}", node.name, name, tensor.values.size(),
         to_string(tensor.shape));
  }
  for (const float v : tensor.values) {
    if (!std::isfinite(v)) {
      fail("{}.{}: holds {}; {}", node.name, name, std::isnan(v) ? "NaN" : "infinity", cause);
    }
  }
}

}  // namespace

void verify(const Graph& graph, const char* cause) {
  for (const Node& node : graph.nodes) {
    for (const auto& [name, tensor] : parameters(node.op))
      require_sound(node, name, *tensor, cause);
  }
  if (graph.size && (std::min(graph.size->width, graph.size->height) < 1 ||
                     longer_side(*graph.size) > kMaxInputSide))
    fail("an input of {} is not possible", to_string(*graph.size));
  const auto shapes = infer_shapes(graph, graph.smallest_size());
  if (graph.outputs.empty()) fail("the graph has no outputs");
  for (const std::string& output : graph.outputs) {
    if (!shapes.contains(output)) fail("output '{}': no node makes it", output);
  }
}

}  // namespace octet
