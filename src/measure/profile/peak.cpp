#include "measure/profile/peak.h"

#include <algorithm>

#include "core/error.h"
#include "engine/cold_inferences.h"
#include "engine/registry.h"
#include "format/registry.h"
#include "measure/cost/sample_network.h"

namespace octet {
namespace {

constexpr Size kSize{320, 320};
constexpr int kRuns = 10;

struct Probe {
  int channels, kernel, shrink;  // `shrink`: of the image's sides
};
// Large enough for every kernel, and small enough for a Raspberry Pi.
constexpr Probe kProbes[] = {{128, 3, 4}, {256, 3, 8}, {256, 1, 4}};

Tensor filled(const Shape& shape) {
  Tensor t{.shape = shape, .values = std::vector<float>(static_cast<size_t>(element_count(shape)))};
  for (size_t i = 0; i < t.values.size(); ++i)
    t.values[i] = static_cast<float>(i * 7 % 255) / 127 - 1;
  return t;
}

// For each probe: image ─▶ source ─▶ the convolution ─▶ a sink that hands over little. The sink has a
// kernel of 3: with one of 1 OpenVINO would compute only the pixels of the probe that it reads.
Model probe_model() {
  Model model;
  const auto add = [&](const std::string& name, Conv2d conv, const std::string& input) {
    model.graph.nodes.push_back({.name = name, .op = std::move(conv), .inputs = {input}});
    model.graph.nodes.push_back({.name = name + ".act",
                                 .op = Activation{.kind = ActivationKind::kRelu6},
                                 .inputs = {name}});
    return name + ".act";
  };
  const auto conv = [](int inputs, int outputs, int kernel, int stride) {
    return Conv2d{.stride = stride,
                  .padding = kernel / 2,
                  .weight = filled({outputs, inputs, kernel, kernel}),
                  .bias = filled({outputs})};
  };
  for (const Probe& p : kProbes) {
    const auto index = static_cast<int>(model.head_outputs.size()) + 1;
    const std::string source =
        add(fmt::format("source{}", index), conv(3, p.channels, 1, p.shrink), model.graph.input);
    const std::string probe =
        add(fmt::format("probe{}", index), conv(p.channels, p.channels, p.kernel, 1), source);
    const std::string sink = fmt::format("sink{}", index);
    model.graph.nodes.push_back({.name = sink, .op = conv(p.channels, 8, 3, 8), .inputs = {probe}});
    model.add_output({.value = sink, .role = OutputRole::kBox, .stride = index});
  }
  return model;
}

double gops_of(const LayerTime& layer) {
  return layer.seconds > 0 ? 2e-9 * layer.multiplications / layer.seconds : 0;
}

Peak& peak_of(std::vector<Peak>& peaks, const std::string& precision) {
  const auto at = std::find_if(peaks.begin(), peaks.end(),
                               [&](const Peak& p) { return p.precision == precision; });
  return at != peaks.end() ? *at : peaks.emplace_back(Peak{.precision = precision, .origin = {}});
}

}  // namespace

std::vector<Peak> measure_peak(Engine& engine, const EngineOptions& options, int weight_bits) {
  EngineOptions profiled = options;
  profiled.profile = true;
  profiled.parallel = 1;
  Model model = probe_model();
  if (weight_bits > 0) model = roughly_quantized(std::move(model), weight_bits);
  const ExportContent content =
      make_export(export_format(engine.row().formats.front()), model, {.size = kSize});
  const auto network = engine.compile(source_of(content, "a sample"), kSize, profiled);
  const auto request = network->make_request();
  std::fill_n(request->input(), element_count(network->input().shape), uint8_t{100});
  for (int i = 0; i < kColdInferences + kRuns; ++i) {
    request->start();
    request->wait();
  }
  std::vector<Peak> peaks;
  for (const LayerTime& layer : request->layers()) {
    const double gops = gops_of(layer);
    if (gops == 0) continue;
    Peak& peak = peak_of(peaks, layer.precision);
    if (gops <= peak.gops) continue;
    peak.gops = gops;
    peak.origin = "measured on large convolutions in this engine";
  }
  return peaks;
}

void compare_with_peaks(const std::vector<Peak>& measured, Profile& profile) {
  for (const ProfiledLayer& layer : profile.layers) {
    if (layer.gops == 0) continue;
    Peak& peak = peak_of(profile.peaks, layer.time.precision);
    if (layer.gops <= peak.gops) continue;
    peak.gops = layer.gops;
    peak.origin = fmt::format("that of the fastest layer here, {}",
                              layer.node.empty() ? layer.time.name : layer.node);
  }
  for (Peak& peak : profile.peaks) {
    for (const Peak& other : measured)
      if (other.precision == peak.precision && other.gops > peak.gops) peak = other;
  }
  for (ProfiledLayer& layer : profile.layers)
    if (layer.gops > 0)
      layer.of_peak = layer.gops / peak_of(profile.peaks, layer.time.precision).gops;
}

}  // namespace octet
