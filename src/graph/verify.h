// Checks that a Graph is valid.
#pragma once

#include "graph/graph.h"

namespace octet {

// Checks the properties that all code after the importer relies on: unique names, values made
// before they are used, finite parameters of the right shapes, existing outputs. Throws an Error
// that names the node or tensor.
void verify(const Graph& graph);

}  // namespace octet
