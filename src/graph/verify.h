// That a Graph is sound.
#pragma once

#include "graph/graph.h"

namespace octet {

// Checks what everything after the importer relies on: names unique, values made before they are
// used, parameters of the right shapes and finite, outputs present. Throws an Error that names the
// node or tensor.
void verify(const Graph& graph);

}  // namespace octet
