// From a float model to an int8 one: calibration, layers left in float where asked for, training.
#pragma once

#include <optional>

#include "train/quantize/qat.h"
#include "train/quantize/sensitivity.h"

namespace octet {

enum class QuantizeMethod { kPtq, kQat };

struct QuantizeOptions {
  QuantizeMethod method = QuantizeMethod::kPtq;
  CalibrationOptions calibration;
  QatOptions qat;
  bool rank = false;               // layers, by what quantizing each costs
  bool rank_by_map = false;        // the same, by what each costs of mAP50-95: much slower
  int keep_float = 0;              // so many of the costliest layers
  std::optional<double> max_drop;  // of mAP50-95, reached with as few float layers as it takes
};

struct QuantizeResult {
  Model model;
  Calibration calibration;
  std::vector<LayerCost> ranking;       // empty where it was not needed
  std::vector<std::string> kept_float;  // layers
  Evaluation before, ptq, after;        // float, calibrated, and the result
  std::optional<TrainSummary> training;

  // What quantization costs of mAP50-95, of boxes or keypoints.
  [[nodiscard]] double drop(const Evaluation& e) const {
    return before.fitness(model.info.task) - e.fitness(model.info.task);
  }
  // Where 95 % of the drops lie over draws of the images; absent where a resumed run's best epoch
  // lies before the resume.
  [[nodiscard]] std::optional<Interval> drop_interval(const Evaluation& e) const;
};

// `model`: float. Throws an Error when `max_drop` cannot be reached.
[[nodiscard]] QuantizeResult quantize(const Model& model, const Dataset& training,
                                      const Dataset& validation, const QuantizeOptions& options);

}  // namespace octet
