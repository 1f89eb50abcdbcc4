#include "quant/reference/float_reference.h"

#include <utility>

#include "core/error.h"
#include "core/process.h"
#include "graph/walk.h"

namespace octet {

std::map<std::string, FloatTensor> run_in_float(const Graph& graph, FloatTensor image) {
  std::map<std::string, FloatTensor> values;
  values.emplace(graph.input, std::move(image));
  const auto steps = steps_of(graph);
  walk(std::span<const Step>(steps), all_values(graph), values,
       [](const Node& node, FloatInputs in, const ReadsLeft&) {
         if (stop_requested()) fail("interrupted: results of a part of the images are not shown");
         return compute(node.op, in);
       });
  return values;
}

}  // namespace octet
