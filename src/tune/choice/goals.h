// The goals of a tuning, and how far a configuration is from them. Pure logic.
#pragma once

#include <optional>
#include <string>

#include "tune/choice/configuration.h"

namespace octet {

struct TuneGoals {
  std::optional<double> fps;          // detections a second, at least
  std::optional<double> age_ms;       // 99 of 100 results are no older
  std::optional<double> cpu_percent;  // of all cores, at most
  std::optional<double> watts;        // of the machine's meter, at most

  [[nodiscard]] bool any() const { return fps || age_ms || cpu_percent || watts; }
  // Whether frames without detection help: they save processor time, and so power.
  [[nodiscard]] bool saves() const { return cpu_percent || watts; }
  [[nodiscard]] std::string text() const;  // "15 detections a second"
};

// Detections a second that a run has to show, so that the goal holds later too: a little more than
// the goal. Where the goal is about the source's rate, nearly all frames of the lower of both.
// `source_fps` 0: the source is not limited.
[[nodiscard]] double required_fps(double goal, double source_fps);

// Whether the source gives fewer frames than the goal asks for.
[[nodiscard]] bool limited_by_source(const TuneGoals& goals, double source_fps);

// The part of the figures that no faster model takes away: decoding, and the idle machine's power.
struct FixedPart {
  double age_ms = 0, cpu_percent = 0, watts = 0;
};

// How many times as fast the model has to be so that all goals hold; at least 1. Nothing: the fixed
// part alone misses one.
[[nodiscard]] std::optional<double> needed_speedup(const TuneGoals& goals, const Figures& figures,
                                                   double source_fps, const FixedPart& fixed);

// The smallest share of a goal that is reached. 1 and more: all goals hold. Under a limit for the
// processor or for power alone, nine of ten frames have to get a result as well. Power that is not
// known yet, since nothing ran, misses no goal.
[[nodiscard]] double reserve(const TuneGoals& goals, const Figures& figures, double source_fps);

}  // namespace octet
