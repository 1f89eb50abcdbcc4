#include <chrono>
#include <optional>
#include <thread>

#include "core/log.h"
#include "core/process.h"
#include "measure/bench.h"
#include "measure/energy.h"

namespace octet {
namespace {
using Clock = std::chrono::steady_clock;

constexpr int kWarmUp = 5, kFewest = 20;
constexpr Size kPicture{1280, 720};
constexpr std::chrono::seconds kIdle{1};

// With what the machine uses while this process waits.
void add_energy(const EnergyUse& use, double frames, nlohmann::ordered_json& j) {
  const auto source = find_energy_source();
  if (!source) return;
  EnergyMeter idle(*source);
  std::this_thread::sleep_for(kIdle);
  const auto idle_watts = idle.stop().watts();
  if (!use.known || !idle_watts) {
    log_warning("{}: does not tell the energy of this machine", source->name);
    return;
  }
  j["energy_meter"] = source->name;
  j["idle_watts"] = *idle_watts;
  j["joules_per_frame"] = use.joules / frames;
  j["net_joules_per_frame"] = (use.joules - *idle_watts * use.seconds) / frames;
}

}  // namespace

nlohmann::ordered_json run_bench_case(const DetectorOptions& options, double seconds) {
  Detector detector(options);
  const auto job = detector.make_job();
  std::vector<uint8_t> pixels(static_cast<size_t>(kPicture.width) * kPicture.height * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7 / 5 + i / 3840);
  const RgbView picture{
      .data = pixels.data(), .stride_bytes = kPicture.width * 3, .size = kPicture};
  Detections found;
  const auto frame = [&] {
    job->submit(picture);
    job->finish({}, found);
  };
  frame();
  const double start_ms = time_since_process_start().count();
  for (int i = 0; i < kWarmUp; ++i) frame();
  std::vector<double> times;
  const auto begin = Clock::now();
  const auto cpu = process_usage().cpu;
  std::optional<EnergyMeter> meter;
  if (const auto source = find_energy_source()) meter.emplace(*source);
  while (times.size() < kFewest ||
         std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    frame();
    times.push_back(job->inference_time().count());
    if (stop_requested()) break;
  }
  const auto frames = static_cast<double>(times.size());
  const EnergyUse use = meter ? meter->stop() : EnergyUse{};
  const ProcessUsage usage = process_usage();
  const NetworkDescription& d = detector.description();
  nlohmann::ordered_json j{{"inference_ms", times},
                           {"start_ms", start_ms},
                           {"rss_mb", usage.peak_rss_mb},
                           {"cpu_ms_per_frame", (usage.cpu - cpu).count() / frames},
                           {"engine", d.engine},
                           {"device", d.device},
                           {"precision", d.precision},
                           {"threads", d.threads},
                           {"imgsz", {detector.input_size().width, detector.input_size().height}}};
  if (meter) add_energy(use, frames, j);
  return j;
}

}  // namespace octet
