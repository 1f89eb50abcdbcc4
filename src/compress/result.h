// The result of a compression, and how it came about.
#pragma once

#include <string>
#include <vector>

#include "compress/plan.h"
#include "core/size.h"
#include "eval/metric/coco_metric.h"

namespace octet {

// A model in int8 and what it gives.
struct CompressedModel {
  std::string file;  // int8.safetensors
  Size size;
  double map50_95 = 0;  // of keypoints for pose, on the validation images
  double predicted_s = 0;
};

struct TriedCandidate {
  std::string model;  // the file that was given
  Candidate candidate;
  double map50_95 = 0;  // of the float model, after its short training
  bool chosen = false;
};

struct CompressResult {
  CompressedModel before, after;
  Interval drop_95;  // of mAP50-95
  std::vector<TriedCandidate> tried;
  Candidate chosen;
  std::string chosen_model;  // the file that was given
  std::string report;

  [[nodiscard]] double drop() const { return before.map50_95 - after.map50_95; }
};

}  // namespace octet
