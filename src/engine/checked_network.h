// A network whose ports and results are what they say. An engine takes its figures from a file, so
// none of them is believed before it has been compared.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace octet {

// Takes one picture of `size`, has outputs of known sizes, and each inference gives tensors of the
// type and shape of their ports. Throws an Error that begins with `name`, the file, where the ports
// differ; Request::wait() throws where a result does.
[[nodiscard]] std::unique_ptr<Network> check_network(std::unique_ptr<Network> network, Size size,
                                                     const std::string& name);

}  // namespace octet
