// Quantizes a float model to int8: calibration, the choice of float layers where wanted, training.
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
  bool rank = false;               // rank layers by the cost of quantizing each
  bool rank_by_map = false;        // the same by mAP50-95, which is much slower
  int keep_float = 0;              // number of the costliest layers that stay in float
  std::optional<double> max_drop;  // of mAP50-95, reached with as few float layers as possible
};

struct QuantizeResult {
  Model model;
  Calibration calibration;
  std::vector<LayerCost> ranking;       // empty where it was not needed
  std::vector<std::string> kept_float;  // layers
  Evaluation before, ptq, after;        // float, calibrated, and the result
  std::optional<TrainSummary> training;

  // The drop of mAP50-95 by quantization, of boxes or keypoints.
  [[nodiscard]] double drop(const Evaluation& e) const {
    return before.fitness(model.info.task) - e.fitness(model.info.task);
  }
  // The interval of 95 % of the drops over draws of the images. Absent where the best epoch of a
  // resumed run is before the resume.
  [[nodiscard]] std::optional<Interval> drop_interval(const Evaluation& e) const;
};

// `model`: float. Throws an Error when `max_drop` cannot be reached.
[[nodiscard]] QuantizeResult quantize(const Model& model, const Dataset& training,
                                      const Dataset& validation, const QuantizeOptions& options);

}  // namespace octet
