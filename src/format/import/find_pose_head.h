// The meaning of a pose network's outputs, of which its file gives names and shapes only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/model.h"

namespace octet {

// What the user says of the outputs. All that is left empty is guessed.
struct PoseHeadRequest {
  std::string kind;                         // as pose_head_name(), or "none"
  std::map<PosePart, std::string> outputs;  // their names
  std::string order;                        // of offsets: yx-pairs, xy-pairs, yx-planes, xy-planes
  std::string scores = {};                  // of heat maps: logits, probabilities
  int keypoints = 0;                        // 0: by the shapes
};

// Reads "heatmap=NAME,offset=NAME". Throws a usage Error.
[[nodiscard]] std::map<PosePart, std::string> parse_pose_outputs(const std::string& text);

// Returns the pose head of a network with raw outputs; nothing where it is not asked for and the
// outputs are of no known form. Known are MoveNet, PoseNet and BlazePose, and a network with 17
// heat maps alone. Throws a usage Error where the request does not fit the network.
[[nodiscard]] std::optional<PoseHead> find_pose_head(const Model& model,
                                                     const PoseHeadRequest& request);

}  // namespace octet
