// The keypoints of well-known sets: their names, the pairs that are joined, and COCO's among them.
#pragma once

#include "model/pose_head.h"

namespace octet {

// Sets the names, the skeleton and COCO's keypoints of a head with 17 keypoints (COCO) or 33
// (BlazePose). Other numbers have none.
void set_known_keypoints(PoseHead& head);

// The skeleton of a model that does not state one: COCO's of 17 keypoints, none of another number.
[[nodiscard]] const Skeleton& usual_skeleton(int keypoints);

}  // namespace octet
