// What a Detector finds in an image. All coordinates are pixels of that image, from its top left
// corner.
//
// Threads: values like any others.
//
// Example:
//   octet::Image image = octet::read_image("street.jpg");
//   const octet::Detections found = octet::Detector("yolov8n.safetensors").detect(image);
//   for (const octet::Detection& d : found)
//     std::printf("%s %.2f at %.0f, %.0f\n", d.name.c_str(), d.confidence, d.box.x1, d.box.y1);
//   octet::draw(image, found);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "octet/image.h"
#include "octet/version.h"

namespace octet::v0 {

// Two corners: x1 <= x2, y1 <= y2.
struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

struct Keypoint {
  float x = 0, y = 0;
  float confidence = 1;  // that it is visible; 1 where the model does not say
};

struct Detection {
  int class_index = 0;  // of ModelInfo::class_names
  std::string name;     // of the class
  float confidence = 0;
  Box box;
  std::vector<Keypoint> keypoints;  // of pose models, in the model's order
  int64_t track = -1;  // of watch(): the same object in other frames has the same; -1: not tracked
};

using Detections = std::vector<Detection>;  // by falling confidence

// Draws boxes, labels and keypoints into the image.
OCTET_API void draw(Image& image, const Detections& detections);

}  // namespace octet::v0
