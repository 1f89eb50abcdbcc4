// The blocks of YOLO networks: a table from the class in a checkpoint to the function that builds
// it. A block reads its sizes from the weights, so any width and depth works. BatchNorm stays where
// the checkpoint has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/blocks/network_builder.h"
#include "model/module_tree.h"

namespace octet {

// The place of a block: its input values, and its path in the checkpoint ("model.2").
struct BlockPlace {
  std::vector<std::string> inputs;
  std::string path;
};

// Adds the nodes of a block and returns the name of its value.
using BuildBlock = std::string (*)(NetworkBuilder& net, const Module& module,
                                   const BlockPlace& place);

// Returns null for an unknown class.
[[nodiscard]] BuildBlock find_block(std::string_view type);

// Builds a block inside another: the child `name` of `module`, on one value.
[[nodiscard]] std::string build_child(NetworkBuilder& net, const Module& module,
                                      const BlockPlace& place, const std::string& name,
                                      const std::string& input);

// Builds the parts of a Sequential or ModuleList one after the other.
[[nodiscard]] std::string build_sequence(NetworkBuilder& net, const Module& sequence,
                                         const std::string& input, const std::string& path);

// Returns the only input. Throws an Error that names the block where there are several.
[[nodiscard]] const std::string& only_input(const Module& module, const BlockPlace& place);

// Reads a plain Conv2d of the checkpoint.
[[nodiscard]] Conv2d read_conv2d(const Module& module, const std::string& path);
// Reads a BatchNorm2d of the checkpoint.
[[nodiscard]] BatchNorm read_batch_norm(const Module& module, const std::string& path);

}  // namespace octet
