// The nodes of a Graph, without tensors, as JSON. The model file stores them in this form.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graph/graph.h"

namespace octet {

// Writes "input" and "nodes". graph_to_json() of model/model.h writes outputs and their meaning.
[[nodiscard]] nlohmann::json to_json(const Graph& graph);

// Returns a graph without tensors and outputs. Throws an Error that names the node when a field is
// missing or has the wrong type.
[[nodiscard]] Graph graph_from_json(const nlohmann::json& json);

}  // namespace octet
