// Post-training calibration: ranges from images, chosen per value by their effect on the outputs, and
// weight scales by squared error. The network itself is computed by the caller.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "quant/histogram.h"
#include "quant/placement.h"
#include "quant/scales.h"

namespace octet {

// The names of its phases, for progress.
inline constexpr const char* kCollectPhase = "calibration: measuring ranges";
inline constexpr const char* kChoosePhase = "calibration: choosing ranges";
inline constexpr const char* kSiluPhase = "calibration: ranges of SiLU";

// The float network that is calibrated, and its images. octet-train computes it with libtorch.
class CalibrationNetwork {
 public:
  virtual ~CalibrationNetwork() = default;

  // Images that ranges are observed on.
  [[nodiscard]] virtual int64_t images() const = 0;
  // Computes the network for one of them.
  virtual void observe(int64_t image) = 0;
  // A value of that image, its elements in any order; valid until the next observe().
  [[nodiscard]] virtual std::span<const float> value(const std::string& name) = 0;
  // The same of an output, (channels, height · width).
  [[nodiscard]] virtual std::span<const float> output(const std::string& name) = 0;

  // The distance of the outputs from the float network's, as distillation measures it, when these
  // values alone are quantized. It is computed on a few images.
  [[nodiscard]] virtual double distance(const std::map<std::string, QuantParams>& values) = 0;
};

struct GroupCalibration {
  std::vector<std::string> values;
  RangeMethod method = RangeMethod::kMinMax;
  ValueRange seen, range;
  double distance = 0;  // of the outputs, when this group alone is quantized
};

struct Calibration {
  Scales scales;
  std::vector<GroupCalibration> groups;  // those of the placement
  int64_t pictures = 0;
};

// `model` without BatchNorm, which `network` computes. Throws an Error when it is interrupted.
[[nodiscard]] Calibration calibrate(const Model& model, const Placement& placement,
                                    CalibrationNetwork& network, const WeightGrid& weight_grid);

// The distance of the outputs of `network` when these groups alone are quantized to their ranges.
[[nodiscard]] double distance_with(std::initializer_list<const GroupCalibration*> groups,
                                   CalibrationNetwork& network);

}  // namespace octet
