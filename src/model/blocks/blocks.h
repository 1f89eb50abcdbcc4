// The blocks of YOLO networks: a table from a checkpoint's class to what builds it. A block reads
// its sizes from the weights, so any width and depth works. BatchNorm is kept where the checkpoint
// has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/blocks/network_builder.h"
#include "model/module_tree.h"

namespace octet {

// Where a block stands: the values that it reads, and its path in the checkpoint ("model.2").
struct BlockPlace {
  std::vector<std::string> inputs;
  std::string path;
};

// Adds the block's nodes and gives the value that it makes.
using BuildBlock = std::string (*)(NetworkBuilder& net, const Module& module,
                                   const BlockPlace& place);

// Null for a class that is not known.
[[nodiscard]] BuildBlock find_block(std::string_view type);

// A block inside another: the child `name` of `module`, on one value.
[[nodiscard]] std::string build_child(NetworkBuilder& net, const Module& module,
                                      const BlockPlace& place, const std::string& name,
                                      const std::string& input);

// The parts of a Sequential or ModuleList one after the other.
[[nodiscard]] std::string build_sequence(NetworkBuilder& net, const Module& sequence,
                                         const std::string& input, const std::string& path);

// The only input. Throws an Error that names the block where there are several.
[[nodiscard]] const std::string& only_input(const Module& module, const BlockPlace& place);

// A plain Conv2d of the checkpoint.
[[nodiscard]] Conv2d read_conv2d(const Module& module, const std::string& path);
// A BatchNorm2d of the checkpoint.
[[nodiscard]] BatchNorm read_batch_norm(const Module& module, const std::string& path);

}  // namespace octet
