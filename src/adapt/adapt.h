// Adapts an int8 model to the images of one site. An engine measures the ranges of its values anew,
// and the weights stay. Images that were kept apart decide whether the new model is taken.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/size.h"
#include "eval/metric/coco_metric.h"
#include "model/model.h"

namespace octet {

struct AdaptOptions {
  std::filesystem::path model, float_model;
  // Images of the site give the ranges. Without `data` their second half judges. `data`: data.yaml
  // or COCO JSON; its val judges by its labels. Without `images` its train gives the ranges.
  std::filesystem::path images, data;
  std::filesystem::path output;  // the adapted model, where it is taken
  std::string engine = "auto";
  Size size;        // of the input; empty: the size of the model
  int threads = 0;  // of the engine; 0: one for each core
  int count = 64;   // images for the ranges, at most
  int tried = 4;    // of them, for the trials of each range
};

// One choice of ranges.
struct AdaptCandidate {
  std::string name;     // "as it is", "wider", "measured"
  double distance = 0;  // from the outputs of the float model, on the images of the calibration
};

struct AdaptResult {
  std::vector<AdaptCandidate> candidates;
  std::string chosen;  // the nearest
  bool taken = false;  // the chosen one is better by more than chance
  std::string reason;  // why it is taken or not, in words
  bool labels =
      false;  // the images that judge have labels; else the float model's boxes are the truth
  size_t fitted = 0, judged = 0;  // images
  double before = 0, after = 0;   // mAP50-95
  Interval gain;                  // of 95 %
};

// Throws an Error that names the file: for models that do not belong together, for too few images,
// and where neither labels nor the float model name an object.
[[nodiscard]] AdaptResult adapt(const AdaptOptions& options);

// Candidate models: with the ranges of `measured` in place of the model's, and with the wider of
// both where they differ. `measured`: one for each group of place_quantizers().
[[nodiscard]] Model with_ranges(const Model& int8, const std::vector<QuantParams>& groups);
[[nodiscard]] std::vector<QuantParams> ranges_of(const Model& int8);
[[nodiscard]] std::vector<QuantParams> wider_ranges(const std::vector<QuantParams>& present,
                                                    const std::vector<QuantParams>& measured);

}  // namespace octet
