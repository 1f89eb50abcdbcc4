// Calibration without libtorch: an installed engine computes the float network.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapt/engine_run.h"
#include "quant/calibration/calibration.h"

namespace octet {

// RGB bytes (H, W, 3) of an image, letterboxed to the input.
using InputImage = std::vector<uint8_t>;

class EngineCalibration : public CalibrationNetwork {
 public:
  // `model`: float, without BatchNorm. All have to outlive this object. Distances are those over
  // the first `tried` images.
  EngineCalibration(Engine& engine, const Model& model, const std::vector<InputImage>& images,
                    size_t tried, const EngineRunOptions& options);

  [[nodiscard]] int64_t images() const override { return static_cast<int64_t>(images_.size()); }
  void observe(int64_t image) override;
  [[nodiscard]] std::span<const float> value(const std::string& name) override;
  [[nodiscard]] std::span<const float> output(const std::string& name) override;
  [[nodiscard]] double distance(const std::map<std::string, QuantParams>& values) override;

 private:
  [[nodiscard]] std::string port_of(const std::string& value) const;

  Engine& engine_;
  const Model& model_;
  const std::vector<InputImage>& images_;
  size_t tried_;
  EngineRunOptions options_;
  EngineRun every_value_;
  std::map<std::string, std::string> outputs_;  // ports by value
  std::vector<std::vector<float>> kept_;        // of the observed image, given out
  std::vector<OutputValues> wanted_;            // of the images that are tried
};

}  // namespace octet
