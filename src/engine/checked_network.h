// Checks the ports and results of a network. An engine reads their sizes from a file, so none is
// used before this check.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace octet {

// Returns a network that takes one image of `size`, whose outputs have known sizes, and whose
// results have the type and shape of their ports. Throws an Error that begins with `name`, the
// file, where the ports differ. Request::wait() throws where a result differs.
[[nodiscard]] std::unique_ptr<Network> check_network(std::unique_ptr<Network> network, Size size,
                                                     const std::string& name);

}  // namespace octet
