#include "train/quantize/calibrate.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "train/loop/evaluate.h"
#include "train/loss/distill.h"
#include "train/network/graph_executor.h"
#include "train/network/partial_run.h"

namespace octet {
namespace {

torch::Tensor read_batch(std::span<const Sample> samples, int side) {
  std::vector<torch::Tensor> list;
  for (const Sample& s : samples) {
    if (stop_requested()) fail("interrupted while calibrating; nothing was written");
    list.push_back(read_letterboxed(s.image, {side, side}).bytes);
  }
  return to_unit(torch::cat(list));
}

class TorchNetwork : public CalibrationNetwork {
 public:
  TorchNetwork(const Model& model, CalibrationInput input)
      : input_(std::move(input)), net_(model.graph) {
    net_.move_to(input_.device);
  }

  int64_t images() const override { return input_.images; }

  void observe(int64_t image) override {
    const torch::NoGradGuard no_grad;
    kept_.clear();
    values_ = net_.values(input_.read(image).to(input_.device));
  }

  std::span<const float> value(const std::string& name) override {
    const torch::Tensor value = values_.at(name).cpu();
    return keep(value.contiguous(value.suggest_memory_format()));
  }

  std::span<const float> output(const std::string& name) override {
    return keep(values_.at(name).cpu().contiguous());
  }

  double distance(const std::map<std::string, QuantParams>& values) override {
    const torch::NoGradGuard no_grad;
    if (!run_) run_.emplace(net_, input_.tried().to(input_.device));
    return input_.distance(run_->outputs({.values = values, .weights = {}}), run_->outputs())
        .item<double>();
  }

 private:
  std::span<const float> keep(torch::Tensor tensor) {
    kept_.push_back(std::move(tensor));
    return {kept_.back().data_ptr<float>(), static_cast<size_t>(kept_.back().numel())};
  }

  CalibrationInput input_;
  GraphExecutor net_;
  std::map<std::string, torch::Tensor> values_;  // of the image that was observed last
  std::vector<torch::Tensor> kept_;              // whose elements were given out
  std::optional<PartialRun> run_;
};

}  // namespace

std::unique_ptr<CalibrationNetwork> calibration_network(const Model& model,
                                                        CalibrationInput input) {
  if (input.images == 0) fail("there are no images to calibrate with");
  return std::make_unique<TorchNetwork>(model, std::move(input));
}

std::unique_ptr<CalibrationNetwork> calibration_network(const Model& model, const Dataset& data,
                                                        const CalibrationOptions& options) {
  const int side = options.side;
  const auto samples = evenly(data, options.pictures).samples;
  const auto tried = evenly(data, std::min(options.tried, options.pictures)).samples;
  return calibration_network(
      model, {.images = static_cast<int64_t>(samples.size()),
              .read =
                  [=](int64_t image) {
                    return read_batch(std::span(samples).subspan(static_cast<size_t>(image), 1),
                                      side);
                  },
              .tried = [=] { return read_batch(tried, side); },
              .distance = Distillation(model),
              .device = options.device});
}

Calibration calibrate(const Model& model, const Placement& placement, const Dataset& data,
                      const CalibrationOptions& options) {
  const auto network = calibration_network(model, data, options);
  return calibrate(model, placement, *network, options.weight_grid);
}

torch::Tensor calibration_batch(const Dataset& data, int pictures, int side) {
  return read_batch(evenly(data, pictures).samples, side);
}

QuantizedNetwork rounded_network(const Model& model, const Placement& placement,
                                 const Scales& scales, const torch::Tensor& images,
                                 const OutputDistance& distance) {
  const torch::NoGradGuard no_grad;
  GraphExecutor float_network(model.graph);
  const auto values = float_network.values(images);
  const auto wanted = picked(values, model.graph.outputs);
  const auto far = [&](QuantizedNetwork& network) {
    return distance(network.forward(images), wanted).item<double>();
  };
  QuantizedNetwork nearest(model, placement, scales);
  QuantizedNetwork compensated(model, placement, scales);
  compensated.compensate_rounding(values);
  const double before = far(nearest), after = far(compensated);
  log_debug("distance with weights rounded to the nearest step {:.4f}, with compensation {:.4f}",
            before, after);
  return after < before ? std::move(compensated) : std::move(nearest);
}

}  // namespace octet
