// The families of YOLO networks that octet reads, one row each, and how a network of any of them is
// built from a checkpoint's layers.
#pragma once

#include <span>
#include <string_view>

#include "model/model.h"
#include "model/module_tree.h"

namespace octet {

struct Family {
  std::string_view name;
  // Blocks that no other family has: by one of these it is recognised.
  std::span<const std::string_view> own_blocks;
};
[[nodiscard]] std::span<const Family> all_families();

// The family of a checkpoint's layers. Throws an Error where no block is a family's own.
[[nodiscard]] const Family& family_of(const Module& layers);

// `root` is the checkpoint's model: its child "model" holds the layers in order, each with "f"
// (where its input comes from). Sizes are taken from the weights. `info` needs names; family, task
// and head are filled in. Throws an Error naming the layer for anything that is not known.
[[nodiscard]] Model build_network(const Module& root, ModelInfo info);

}  // namespace octet
