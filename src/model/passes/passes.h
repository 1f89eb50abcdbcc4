// The passes: rewrites of a Model, each with a name. The result of a pass is verified. The
// environment variable OCTET_PASSES leaves passes out, to find a faulty one:
// OCTET_PASSES=-fine_keypoints,-fold_batch_norm.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/channels.h"
#include "model/model.h"

namespace octet {

// Folds every BatchNorm into the convolution before it. Needed before every export and
// quantization.
[[nodiscard]] Model fold_batch_norm(Model model);
// Inserts a neutral BatchNorm after every convolution whose own was folded. Needed before training.
[[nodiscard]] Model insert_batch_norm(Model model);
// Replaces every transposed convolution by a convolution. Needed before quantization.
[[nodiscard]] Model split_transposed(Model model);
// Replaces every SiLU by another activation.
[[nodiscard]] Model replace_activation(Model model, ActivationKind kind);
// Gives the model a head for other classes. The last layers of the class convolutions are
// initialized from `seed`, and everything else is kept. A model that has these classes already is
// unchanged.
[[nodiscard]] Model select_classes(Model model, const std::vector<std::string>& names,
                                   uint64_t seed);
// The keypoints of a new head. The last layers of the keypoint convolutions are initialized from
// `seed`, and everything else is kept. A model of that shape is unchanged.
struct KeypointShape {
  int count = 0;
  int dims = 3;                 // 3: x, y, visibility; 2: x, y
  std::vector<int> flip_index;  // as ModelInfo has it
};
[[nodiscard]] Model select_keypoints(Model model, const KeypointShape& shape, uint64_t seed);
// Adds an output of fine keypoints beside each keypoint output (quant/fine_keypoints.h). They are
// not spread yet: all three are equal. The model must have no BatchNorm.
[[nodiscard]] Model add_fine_keypoints(Model model);
// Splits an output that holds points of more than two numbers, so that each content has a scale of
// its own: NAME_xy, NAME_z, NAME_visibility, NAME_presence. The last convolution is split, and no
// value changes. A model whose points are no direct result of a convolution is unchanged. The model
// must have no BatchNorm.
[[nodiscard]] Model split_points(Model model);

// The passes below make a float model smaller. They throw an Error for a quantized one.
//
// Removes groups of channels (graph/channels.h) of this model.
[[nodiscard]] Model remove_channels(Model model, std::span<const ChannelGroup> groups);
// Removes the block with this output (graph/blocks.h).
[[nodiscard]] Model remove_block(Model model, const std::string& output);
// Removes the detection scale of this stride: its outputs, and all nodes that only they need. The
// other outputs stay as they are. Throws an Error where the model has no such scale, or no other.
[[nodiscard]] Model remove_scale(Model model, int stride);
// Removes the branch with this output (graph/branches.h), which a removed scale leaves behind.
[[nodiscard]] Model remove_branch(Model model, const std::string& output);
// Removes a scale, and each branch that is then left behind.
[[nodiscard]] Model remove_scale_and_branches(Model model, int stride);
// Removes a share, between 0 and 1, of the channels of the first convolution.
[[nodiscard]] Model narrow_stem(Model model, double share);

enum class PassId {
  kFoldBatchNorm,
  kInsertBatchNorm,
  kSplitTransposed,
  kReplaceActivation,
  kSelectClasses,
  kSelectKeypoints,
  kFineKeypoints,
  kSplitPoints,
  kRemoveChannels,
  kRemoveBlock,
  kRemoveScale,
  kRemoveBranch,
  kNarrowStem
};

struct PassInfo {
  const char* name;  // for OCTET_PASSES
  const char* purpose;
  Model (*example)(Model model);  // the rewrite that 'octet inspect --passes' shows
};
// All of them, in the order of PassId.
[[nodiscard]] std::span<const PassInfo> all_passes();

// Whether OCTET_PASSES leaves the pass out. Throws an Error for an unknown name.
[[nodiscard]] bool is_left_out(PassId pass);

// Runs `rewrite`, unless the pass is left out, and verifies the result. Throws an Error that names
// the pass.
[[nodiscard]] Model run_pass(PassId pass, Model model, const std::function<Model(Model)>& rewrite);

}  // namespace octet
