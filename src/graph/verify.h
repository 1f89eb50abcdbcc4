// Checks that a Graph is valid.
#pragma once

#include "graph/graph.h"

namespace octet {

// Checks the properties that all code after the importer relies on: unique names, values made
// before they are used, finite parameters of the right shapes, existing outputs. Throws an Error
// that names the node or tensor. `cause`: what the message says of a parameter that is no number.
void verify(const Graph& graph,
            const char* cause = "the training that made it diverged, take an earlier checkpoint");

}  // namespace octet
