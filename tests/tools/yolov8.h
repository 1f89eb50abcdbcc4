// YOLOv8 of every size with random weights, for tests.
#pragma once

#include "model/model.h"

namespace octet {

// `size` is one of n, s, m, l, x. A detection model has 80 classes, a pose model one class and 17
// keypoints. BatchNorm is not folded.
[[nodiscard]] Model random_yolov8(char size, Task task);

}  // namespace octet
