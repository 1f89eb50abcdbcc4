// The Detect and Pose heads of a checkpoint.
#pragma once

#include <string>
#include <vector>

#include "model/blocks/network_builder.h"
#include "model/model.h"
#include "model/module_tree.h"

namespace octet {

[[nodiscard]] bool is_head(const Module& module);

// Adds the head's branches to the graph of `model`, and sets its task, head and outputs. `inputs`
// has one value a stride, ascending. Throws an Error that names the layer that does not fit.
void build_head(NetworkBuilder& net, const Module& module, const std::vector<std::string>& inputs,
                const std::string& path, Model& model);

}  // namespace octet
