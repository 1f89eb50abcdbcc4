// The result of a compression, and how it came about.
#pragma once

#include <optional>
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
  double map50_95 = 0;     // of keypoints for pose, on the validation images
  double predicted_s = 0;  // that the choice was made by
  double ms = 0;           // to tell: as 'octet bench' has it here, or the same as predicted
};

struct TriedCandidate {
  std::string model;  // the file that was given
  Candidate candidate;
  double map50_95 = 0;                     // of the float model, after its short training
  std::optional<double> whole_map50_95{};  // after its whole training, where it had one
  bool chosen = false;
};

struct CompressResult {
  CompressedModel before, after;
  Interval drop_95;  // of mAP50-95
  std::vector<TriedCandidate> tried;
  Candidate chosen;
  std::string chosen_model, first_model;  // files that were given
  double wanted_s = 0;                    // 0: the drop was given
  double wanted_speedup = 0;              // 0: a time or the drop was given
  bool met = true;                        // as meets_target() has it
  std::string engine;                     // whose times count, with its version
  std::string times;                      // where they are from
  bool measured = false;                  // here: else on another device
  double seconds = 0;                     // of all stages
  std::string report;

  [[nodiscard]] double drop() const { return before.map50_95 - after.map50_95; }
  [[nodiscard]] double speedup() const { return before.ms / after.ms; }
};

// Whether the times that are told are at most 2 % off what was wanted.
[[nodiscard]] bool meets_target(const CompressResult& result);

}  // namespace octet
