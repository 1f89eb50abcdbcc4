// The values of a pose network's outputs that its decoder reads, so that their ranges are of these
// alone. Networks with a PoseHead have them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/model.h"
#include "quant/calibration/calibration.h"

namespace octet {

class PoseValues {
 public:
  explicit PoseValues(const Model& model);

  // What the output holds; nothing where no decoder reads it.
  [[nodiscard]] std::optional<PosePart> part(const Output& output) const;
  // Whether it holds logits of which those below kLeastClassLogit are equal.
  [[nodiscard]] bool has_floor(const Output& output) const;

  // Of offsets, the values at cells where the keypoint's heat map is at least half as high as its
  // peak; of kRegress, those where the centre's map is. All values of any other output. They are
  // those of the image that `network` observed last.
  [[nodiscard]] std::vector<float> read(const Output& output, CalibrationNetwork& network) const;

 private:
  [[nodiscard]] std::vector<float> probabilities(PosePart part, CalibrationNetwork& network) const;

  std::optional<PoseHead> head_;
  std::map<std::string, std::string> values_;  // of the graph, by the names of outputs
  std::map<std::string, size_t> channels_;     // of outputs, by their values
};

}  // namespace octet
