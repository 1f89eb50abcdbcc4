#include "adapt/engine_calibration.h"

#include <algorithm>

namespace octet {
namespace {

EngineRunOptions showing_all(EngineRunOptions options) {
  options.layout = Layout::kEveryValue;
  return options;
}

}  // namespace

EngineCalibration::EngineCalibration(Engine& engine, const Model& model,
                                     const std::vector<InputImage>& images, size_t tried,
                                     const EngineRunOptions& options)
    : engine_(engine),
      model_(model),
      images_(images),
      tried_(std::min(tried, images.size())),
      options_(options),
      every_value_(engine, model, showing_all(options)) {
  for (const Output& o : model.outputs()) outputs_[o.value] = o.name();
}

std::string EngineCalibration::port_of(const std::string& value) const {
  const auto output = outputs_.find(value);
  return output == outputs_.end() ? std::string(kValuePrefix) + value : output->second;
}

void EngineCalibration::observe(int64_t image) {
  kept_.clear();
  every_value_.infer(images_[static_cast<size_t>(image)]);
}

std::span<const float> EngineCalibration::value(const std::string& name) {
  return every_value_.elements(port_of(name));
}

std::span<const float> EngineCalibration::output(const std::string& name) {
  return kept_.emplace_back(every_value_.planar(port_of(name)));
}

double EngineCalibration::distance(const std::map<std::string, QuantParams>& values) {
  if (wanted_.empty()) {
    EngineRun whole(engine_, model_, options_);
    for (size_t i = 0; i < tried_; ++i) {
      whole.infer(images_[i]);
      wanted_.push_back(whole.outputs());
    }
  }
  Model part = model_;
  part.quantization.values = values;
  EngineRun run(engine_, part, options_);
  OutputDistance distance(model_);
  for (size_t i = 0; i < tried_; ++i) {
    run.infer(images_[i]);
    distance.add(run.outputs(), wanted_[i]);
  }
  return distance.value();
}

}  // namespace octet
