// The nodes of a Graph (everything but its tensors) as JSON, as the model file keeps them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graph/graph.h"

namespace octet {

// "input" and "nodes". Outputs are written with their meaning, by model/model_json.h.
[[nodiscard]] nlohmann::json to_json(const Graph& graph);

// A graph without tensors and outputs. Throws an Error that names the node when a field is missing
// or of the wrong type.
[[nodiscard]] Graph graph_from_json(const nlohmann::json& json);

}  // namespace octet
