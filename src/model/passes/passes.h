// The passes: rewrites of a Model, each with a name. A pass is verified after it ran.
// The environment variable OCTET_PASSES leaves some out, to find the one that is at fault:
// OCTET_PASSES=-fine_keypoints,-fold_batch_norm.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/model.h"

namespace octet {

// Folds every BatchNorm into the convolution before it. Before every export and int8.
[[nodiscard]] Model fold_batch_norm(Model model);
// A BatchNorm that changes nothing after every convolution that has lost its own. Before training.
[[nodiscard]] Model insert_batch_norm(Model model);
// Another activation in place of every SiLU.
[[nodiscard]] Model replace_activation(Model model, ActivationKind kind);
// A head for other classes: the class convolutions' last layers are made anew, by `seed`;
// everything else is kept. A model that has these classes already stays as it is.
[[nodiscard]] Model select_classes(Model model, const std::vector<std::string>& names,
                                   uint64_t seed);
// A head for other keypoints: the last layers that make them are made anew, by `seed`; everything else is
// kept. A model of that shape stays as it is.
struct KeypointShape {
  int count = 0;
  int dims = 3;                 // 3: x, y, visibility; 2: x, y
  std::vector<int> flip_index;  // as ModelInfo has it
};
[[nodiscard]] Model select_keypoints(Model model, const KeypointShape& shape, uint64_t seed);
// An output of fine keypoints beside each of keypoints that a convolution makes
// (quant/fine_keypoints.h). Not yet spread: all say the same. Without BatchNorm.
[[nodiscard]] Model add_fine_keypoints(Model model);

enum class PassId {
  kFoldBatchNorm,
  kInsertBatchNorm,
  kReplaceActivation,
  kSelectClasses,
  kSelectKeypoints,
  kFineKeypoints
};

struct PassInfo {
  const char* name;  // as OCTET_PASSES has it
  const char* purpose;
  Model (*example)(Model model);  // with numbers that 'octet inspect --passes' shows
};
// All of them, in the order of PassId.
[[nodiscard]] std::span<const PassInfo> all_passes();

// Whether OCTET_PASSES leaves the pass out. Throws an Error for a name that is not known.
[[nodiscard]] bool is_left_out(PassId pass);

// Runs `rewrite`, unless the pass is left out, and verifies what comes out. Throws an Error that
// names the pass.
[[nodiscard]] Model run_pass(PassId pass, Model model, const std::function<Model(Model)>& rewrite);

}  // namespace octet
