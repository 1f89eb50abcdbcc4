#include "tune/work.h"

#include <fmt/format.h>

#include <cmath>

#include "core/log.h"
#include "core/process.h"

namespace octet {

std::optional<Look> TuneWork::look(const LookRequest& request) {
  Attempt<Look> attempt =
      processes.look(request, request.seconds < 1e6 ? request.seconds : 600, clock.left());
  if (!attempt.result) {
    if (!stop_requested())
      not_tried.push_back(fmt::format("{}: {}", request.configuration.text(), attempt.reason));
    return std::nullopt;
  }
  const Look& look = *attempt.result;
  const double measured = 1e-3 * look.frames * (look.ms_mean + request.every * look.decode_ms);
  start_s = 0.7 * start_s + 0.3 * std::max(0.0, attempt.seconds - measured);
  if (request.data.empty()) {
    decode_ms = look.decode_ms;
    decode_cpu_ms = look.decode_cpu_ms;
  }
  log_debug("{}: {:.1f} ms, {:.1f} ms of processor time, {} frames, {:.1f} s in all",
            request.configuration.text(), look.ms_p50, look.cpu_ms, look.frames, attempt.seconds);
  return attempt.result;
}

FixedPart TuneWork::fixed_part(const Figures& figures) const {
  const double decoded_fps = footage.fps > 0 ? footage.fps : figures.results_fps;
  return {.age_ms = decode_ms,
          .cpu_percent = decoded_fps * decode_cpu_ms / 10 / cores,
          .watts = idle_watts};
}

Attempt<LiveRun> TuneWork::live(const std::string& config, double seconds) const {
  std::optional<EnergyMeter> running;
  if (meter) running.emplace(*meter);
  Attempt<LiveRun> attempt = processes.live(config, seconds, clock.left());
  if (!running || !attempt.result) return attempt;
  const auto watts = running->stop().watts();
  if (watts) {
    attempt.result->figures.watts = *watts;
  } else {  // a goal of which nothing is known is not met
    attempt.result.reset();
    attempt.reason = fmt::format("the meter, {}, told no power during the run", meter->name);
  }
  return attempt;
}

double TuneWork::guess(const TuneModel& model, Size input) const {
  const auto operations = [](const TuneModel& m, Size size) {
    return m.parameters * size.width * size.height;
  };
  double most = 1;
  for (const TuneModel& m : models)
    most = std::max(most, operations(m, m.input(m.sides.front(), footage.size)));
  return std::pow(std::min(1.0, operations(model, input) / most), 0.25);
}

}  // namespace octet
