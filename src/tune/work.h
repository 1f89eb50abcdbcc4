// The state that the stages of a tuning share.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "measure/energy.h"
#include "tune/look/predict.h"
#include "tune/models.h"
#include "tune/result.h"

namespace octet {

class TuneClock {
 public:
  explicit TuneClock(double budget_s) : budget_s_(budget_s) {}
  [[nodiscard]] double passed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  [[nodiscard]] double left() const { return budget_s_ - passed(); }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  double budget_s_;
};

struct TuneWork {
  const TuneOptions& options;
  const Processes& processes;
  TuneClock clock;
  int cores = 1;
  std::vector<TuneModel> models = {};
  Footage footage = {};
  std::vector<TunePoint> points = {};
  std::vector<std::string> not_tried = {};
  // The times that a look and a run of live take beside their measurement, as far as it was seen.
  double start_s = 0.7, live_start_s = 1.5;

  // Where power is a goal: the meter of the machine, and what it shows while nothing runs.
  std::optional<EnergySource> meter = {};
  double idle_watts = 0;

  // Of a frame of the source, as the last look saw it.
  double decode_ms = 0, decode_cpu_ms = 0;
  // Of a configuration with these figures.
  [[nodiscard]] FixedPart fixed_part(const Figures& figures) const;
  [[nodiscard]] Load load() const { return {.source_fps = footage.fps, .cores = cores}; }
  // A look, and the time of its start learned from it. A failure is noted.
  [[nodiscard]] std::optional<Look> look(const LookRequest& request);
  // A run of 'octet live', with its power where that is a goal. Its start counts too. A run whose power
  // is not known has failed then.
  [[nodiscard]] Attempt<LiveRun> live(const std::string& config, double seconds) const;
  // Of the largest networks, for points without accuracy.
  [[nodiscard]] double guess(const TuneModel& model, Size input) const;
};

}  // namespace octet
