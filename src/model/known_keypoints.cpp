#include "model/known_keypoints.h"

#include <numeric>

namespace octet {
namespace {

// The order of COCO's person_keypoints annotations.
const std::vector<std::string>& coco_names() {
  static const std::vector<std::string> list{
      "nose",           "left eye",   "right eye",   "left ear",   "right ear",   "left shoulder",
      "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist", "left hip",
      "right hip",      "left knee",  "right knee",  "left ankle", "right ankle"};
  return list;
}

const Skeleton& coco_skeleton() {
  static const Skeleton list{{0, 1},  {0, 2},   {1, 3},   {2, 4},   {3, 5},   {4, 6},
                             {5, 6},  {5, 7},   {7, 9},   {6, 8},   {8, 10},  {5, 11},
                             {6, 12}, {11, 12}, {11, 13}, {13, 15}, {12, 14}, {14, 16}};
  return list;
}

// The landmarks of MediaPipe's BlazePose (Bazarevsky et al., 2020).
const std::vector<std::string>& blazepose_names() {
  static const std::vector<std::string> list{
      "nose",        "left eye inner",  "left eye",        "left eye outer", "right eye inner",
      "right eye",   "right eye outer", "left ear",        "right ear",      "mouth left",
      "mouth right", "left shoulder",   "right shoulder",  "left elbow",     "right elbow",
      "left wrist",  "right wrist",     "left pinky",      "right pinky",    "left index",
      "right index", "left thumb",      "right thumb",     "left hip",       "right hip",
      "left knee",   "right knee",      "left ankle",      "right ankle",    "left heel",
      "right heel",  "left foot index", "right foot index"};
  return list;
}

const Skeleton& blazepose_skeleton() {
  static const Skeleton list{{0, 2},   {0, 5},   {2, 7},   {5, 8},   {9, 10},  {11, 12}, {11, 13},
                             {13, 15}, {12, 14}, {14, 16}, {15, 17}, {15, 19}, {15, 21}, {16, 18},
                             {16, 20}, {16, 22}, {11, 23}, {12, 24}, {23, 24}, {23, 25}, {25, 27},
                             {24, 26}, {26, 28}, {27, 29}, {29, 31}, {28, 30}, {30, 32}};
  return list;
}

}  // namespace

void set_known_keypoints(PoseHead& head) {
  if (static_cast<size_t>(head.keypoints) == coco_names().size()) {
    head.names = coco_names();
    head.skeleton = coco_skeleton();
    head.coco.resize(coco_names().size());
    std::iota(head.coco.begin(), head.coco.end(), 0);
  }
  if (static_cast<size_t>(head.keypoints) == blazepose_names().size()) {
    head.names = blazepose_names();
    head.skeleton = blazepose_skeleton();
    head.coco = {0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28};
  }
}

const Skeleton& usual_skeleton(int keypoints) {
  static const Skeleton none;
  return static_cast<size_t>(keypoints) == coco_names().size() ? coco_skeleton() : none;
}

}  // namespace octet
