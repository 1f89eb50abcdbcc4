#include "tune/choice/goals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace octet {
namespace {

constexpr double kMoreThanGoal = 1.03;  // of a mean, so that its worst ten seconds hold too
constexpr double kOfSource = 0.97;      // a source of 30 frames a second gives 29.97
constexpr double kNearSource = 0.95;    // a goal from here on asks for each frame
constexpr double kBelowLimit = 0.95;    // of ages, processor time and power
constexpr double kFramesWithResult = 0.9;

}  // namespace

std::string TuneGoals::text() const {
  std::vector<std::string> parts;
  if (fps) parts.push_back(fmt::format("{:g} detections a second", *fps));
  if (age_ms) parts.push_back(fmt::format("results no older than {:g} ms", *age_ms));
  if (cpu_percent) parts.push_back(fmt::format("{:g} % of the processor", *cpu_percent));
  if (watts) parts.push_back(fmt::format("{:g} watts", *watts));
  return fmt::format("{}", fmt::join(parts, ", "));
}

double required_fps(double goal, double source_fps) {
  const double wanted = kMoreThanGoal * goal;
  const bool near = source_fps > 0 && goal >= kNearSource * source_fps;
  return near ? std::min(wanted, kOfSource * std::min(source_fps, goal)) : wanted;
}

bool limited_by_source(const TuneGoals& goals, double source_fps) {
  return goals.fps && source_fps > 0 && source_fps < kOfSource * *goals.fps;
}

std::optional<double> needed_speedup(const TuneGoals& goals, const Figures& figures,
                                     double source_fps, const FixedPart& fixed) {
  double most = 1;
  bool possible = true;
  const auto add = [&](const std::optional<double>& goal, double value, double rest) {
    const double allowed = kBelowLimit * goal.value_or(value / kBelowLimit);
    if (value <= allowed) return;
    possible = possible && rest < allowed;
    if (possible) most = std::max(most, (value - rest) / (allowed - rest));
  };
  const auto rate = [&](double wanted, double value) {
    most = std::max(most, wanted / std::max(value, 1e-3));
  };
  if (goals.fps) rate(required_fps(*goals.fps, source_fps), figures.fps);
  if (goals.saves() && !goals.fps) rate(kFramesWithResult * source_fps, figures.results_fps);
  add(goals.age_ms, figures.age_ms_p99, fixed.age_ms);
  add(goals.cpu_percent, figures.cpu_percent, fixed.cpu_percent);
  add(goals.watts, figures.watts, fixed.watts);
  return possible ? std::optional(most) : std::nullopt;
}

double reserve(const TuneGoals& goals, const Figures& figures, double source_fps) {
  double least = std::numeric_limits<double>::max();
  const auto add = [&](double share) { least = std::min(least, share); };
  if (goals.fps) add(figures.fps / required_fps(*goals.fps, source_fps));
  if (goals.age_ms) add(kBelowLimit * *goals.age_ms / std::max(figures.age_ms_p99, 1e-3));
  if (goals.cpu_percent)
    add(kBelowLimit * *goals.cpu_percent / std::max(figures.cpu_percent, 1e-3));
  if (goals.watts && figures.watts > 0) add(kBelowLimit * *goals.watts / figures.watts);
  if (goals.saves() && !goals.fps && source_fps > 0)
    add(figures.results_fps / (kFramesWithResult * source_fps));
  return figures.results_fps > 0 ? least : 0;
}

}  // namespace octet
