#include "tune/look/predict.h"

#include <algorithm>

namespace octet {

Figures predict(const Look& look, const PolicyLook& policy, const Load& load) {
  const double interval_ms = load.source_fps > 0 ? 1e3 / load.source_fps : look.decode_ms;
  const double detected = std::clamp(policy.detected, 1e-3, 1.0);
  // Detection takes the newest frame at once where it is slower than the source. A few slow frames
  // lower a rate as they raise the mean.
  const double result_ms =
      detected * std::max(look.ms_mean, interval_ms) + (1 - detected) * interval_ms;
  Figures f;
  f.results_fps = 1e3 / std::max(result_ms, 1e-3);
  f.fps = detected * f.results_fps;
  const double decoded_fps = load.source_fps > 0 ? load.source_fps : f.results_fps;
  const double most_ms = 1e3 * load.cores;  // of processor time a second
  const double wanted_ms = f.fps * look.cpu_ms + decoded_fps * look.decode_cpu_ms;
  if (wanted_ms > most_ms) {
    const double left_ms = std::max(0.0, most_ms - decoded_fps * look.decode_cpu_ms);
    const double share = f.fps * look.cpu_ms > 0 ? left_ms / (f.fps * look.cpu_ms) : 0;
    f.fps *= share;
    f.results_fps *= share;
  }
  f.cpu_percent = 100 * std::min(wanted_ms, most_ms) / most_ms;
  f.cpu_ms = f.results_fps > 0 ? 10 * f.cpu_percent * load.cores / f.results_fps : 0;
  const double wait_ms = look.ms_mean > 0.95 * interval_ms ? interval_ms : 0;
  f.age_ms_p99 = look.decode_ms + look.ms_p99 + wait_ms;
  return f;
}

Look scaled(const Look& look, Size from, Size to) {
  const double share = static_cast<double>(to.width) * to.height /
                       std::max(1.0, static_cast<double>(from.width) * from.height);
  Look out = look;
  for (double* time : {&out.ms_p50, &out.ms_p99, &out.ms_mean, &out.cpu_ms}) *time *= share;
  return out;
}

}  // namespace octet
