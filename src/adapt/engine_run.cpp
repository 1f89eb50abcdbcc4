#include "adapt/engine_run.h"

#include <cstring>

#include "core/error.h"
#include "engine/registry.h"

namespace octet {
namespace {

float real_value(const TensorView& view, int64_t i) {
  if (view.type == ElementType::kFloat32) return view.floats()[i];
  const int q = view.type == ElementType::kInt8 ? view.integers()[i] : view.bytes()[i];
  return view.scale * static_cast<float>(q - view.zero_point);
}

}  // namespace

EngineRun::EngineRun(Engine& engine, const Model& model, const EngineRunOptions& options)
    : content_(make_export(export_format(engine.row().formats.front()), model,
                           {.size = options.size, .layout = options.layout})),
      network_(engine.compile(source_of(content_, "the model"), options.size,
                              {.threads = options.threads})),
      request_(network_->make_request()) {}

void EngineRun::infer(std::span<const uint8_t> image) {
  std::memcpy(request_->input(), image.data(), image.size());
  request_->start();
  request_->wait();
}

OutputValues EngineRun::outputs() const {
  OutputValues values;
  for (const Port& port : network_->outputs()) values[port.name] = planar(port.name);
  return values;
}

std::span<const float> EngineRun::elements(const std::string& port) {
  const TensorView v = view(port);
  const auto count = static_cast<size_t>(element_count(v.shape));
  if (v.type == ElementType::kFloat32) return {v.floats(), count};
  real_.resize(count);
  for (size_t i = 0; i < count; ++i) real_[i] = real_value(v, static_cast<int64_t>(i));
  return real_;
}

std::vector<float> EngineRun::planar(const std::string& port) const {
  const TensorView v = view(port);
  const int64_t channels = v.shape[1], cells = v.shape[2] * v.shape[3];
  std::vector<float> out(static_cast<size_t>(channels * cells));
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < cells; ++i)
      out[static_cast<size_t>(c * cells + i)] =
          real_value(v, v.channels_last ? i * channels + c : c * cells + i);
  }
  return out;
}

TensorView EngineRun::view(const std::string& port) const {
  const std::vector<Port>& ports = network_->outputs();
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == port) return request_->outputs()[i];
  }
  fail("'{}': the engine does not show this value", port);
}

}  // namespace octet
