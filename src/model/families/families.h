// The families of YOLO networks that octet reads, one row each, and the function that builds a
// network from the layers of a checkpoint.
#pragma once

#include <span>
#include <string_view>

#include "model/model.h"
#include "model/module_tree.h"

namespace octet {

struct Family {
  std::string_view name;
  // Blocks that only this family has. One of them identifies it.
  std::span<const std::string_view> own_blocks;
};
[[nodiscard]] std::span<const Family> all_families();

// Returns the family of a checkpoint's layers. Throws an Error where no block identifies one.
[[nodiscard]] const Family& family_of(const Module& layers);

// `root` is the model of a checkpoint. Its child "model" holds the layers in order, each with "f",
// the source of its input. Sizes come from the weights. `info` needs names; family, task and head
// are set here. Throws an Error that names an unknown layer.
[[nodiscard]] Model build_network(const Module& root, ModelInfo info);

}  // namespace octet
