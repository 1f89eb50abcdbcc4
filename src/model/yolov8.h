// YOLOv8, detection and pose, of any width and depth: from the layers of a checkpoint to a Graph.
#pragma once

#include "model/model.h"
#include "model/module_tree.h"

namespace octet {

// `root` is the checkpoint's model: its child "model" holds the layers in order, each with "f"
// (where its input comes from). Sizes are taken from the weights. BatchNorm is kept where the
// checkpoint has it. `info` needs names; task, strides and keypoints are filled in. Throws an Error
// naming the layer for anything that YOLOv8 does not have.
[[nodiscard]] Model build_yolov8(const Module& root, ModelInfo info);

}  // namespace octet
