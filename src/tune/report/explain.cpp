#include "tune/report/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace octet {
namespace {

constexpr double kLeastSpeedup = 1.1;  // that is worth a training
constexpr double kMostSpeedup = 20;    // that 'octet compress' takes

std::string accuracy_text(const std::optional<double>& accuracy) {
  return accuracy ? fmt::format("accuracy {:.3f}", *accuracy) : "accuracy unknown";
}

// The point that differs in its input alone: the nearest larger or smaller one.
const TunePoint* other_size(const TuneWork& work, const TunePoint& chosen, bool larger) {
  const TunePoint* best = nullptr;
  const int side = longer_side(chosen.configuration.input);
  for (const TunePoint& point : work.points) {
    if (!point.failed.empty()) continue;
    Configuration same = point.configuration;
    const int its = longer_side(same.input);
    if (larger ? its <= side : its >= side) continue;
    same.side = chosen.configuration.side;
    same.input = chosen.configuration.input;
    if (same != chosen.configuration) continue;
    if (best == nullptr || (larger ? its < longer_side(best->configuration.input)
                                   : its > longer_side(best->configuration.input)))
      best = &point;
  }
  return best;
}

std::string reason_of_size(const TuneWork& work, const TunePoint& chosen) {
  std::string out = fmt::format("{} fits this source", to_string(chosen.configuration.input));
  if (const TunePoint* larger = other_size(work, chosen, true)) {
    const bool live = larger->evidence == Evidence::kLive;
    out += fmt::format("; {} {} {:.1f} detections a second with {:.0f} % of the processor, {}",
                       longer_side(larger->configuration.input), live ? "gave" : "would give",
                       larger->figures.fps, larger->figures.cpu_percent,
                       accuracy_text(larger->accuracy));
  } else {
    out += "; the largest that was tried";
  }
  if (const TunePoint* smaller = other_size(work, chosen, false))
    out += fmt::format("; {} has {}", longer_side(smaller->configuration.input),
                       accuracy_text(smaller->accuracy));
  return out;
}

std::string runtime_text(const Runtime& r) {
  return fmt::format("{:.1f} ms and {:.1f} ms of processor time", r.look.ms_p50, r.look.cpu_ms);
}

// Of the looks of this model: those whose engine or number of threads differs alone.
std::string reason_of_runtime(const std::vector<Runtime>& runtimes, const Configuration& c,
                              bool engine) {
  const Runtime* own = nullptr;
  std::string others;
  for (const Runtime& r : runtimes) {
    if (r.precision != c.precision) continue;
    if (r.engine == c.engine && r.threads == c.threads) own = &r;
  }
  if (own == nullptr) return "the best that was looked at";
  for (const Runtime& r : runtimes) {
    if (r.precision != c.precision || &r == own) continue;
    if (engine ? r.engine != c.engine : r.engine == c.engine && r.threads != c.threads)
      others += fmt::format(
          "; {}: {}",
          engine ? fmt::format("{} on {}", r.engine, r.threads) : std::to_string(r.threads),
          runtime_text(r));
  }
  return fmt::format("{} an image at {}{}", runtime_text(*own), to_string(own->input), others);
}

std::string reason_of_policy(const TuneWork& work, const TunePoint& chosen) {
  if (!work.options.goals.saves())
    return "detection on every frame: the goal is not processor time";
  if (chosen.configuration.skip == 0 && !chosen.configuration.motion_gate) return "";
  const TunePoint* every = nullptr;
  for (const TunePoint& point : work.points) {
    Configuration same = point.configuration;
    if (same.skip != 0 || same.motion_gate) continue;
    same.skip = chosen.configuration.skip;
    same.motion_gate = chosen.configuration.motion_gate;
    if (same == chosen.configuration) every = &point;
  }
  if (every == nullptr) return "";
  return fmt::format("without: {:.0f} % of the processor and {}", every->figures.cpu_percent,
                     accuracy_text(every->accuracy));
}

// What alone misses a goal, whatever the model is.
std::string reason_of_no_model(const TuneGoals& goals, const Figures& figures,
                               const FixedPart& fixed) {
  std::vector<std::string> parts;
  const auto add = [&](const TuneGoals& goal, std::string part) {
    if (!needed_speedup(goal, figures, 0, fixed)) parts.push_back(std::move(part));
  };
  add({.age_ms = goals.age_ms}, fmt::format("decoding a frame takes {:.1f} ms", fixed.age_ms));
  add({.cpu_percent = goals.cpu_percent},
      fmt::format("decoding takes {:.0f} % of the processor", fixed.cpu_percent));
  add({.watts = goals.watts}, fmt::format("the idle machine uses {:.1f} watts", fixed.watts));
  return fmt::format("No model is fast enough, since {}; give a smaller picture, or ask for less",
                     fmt::join(parts, " and "));
}

}  // namespace

std::string figures_text(const Figures& f, const std::optional<double>& accuracy) {
  std::string out = fmt::format("{:.1f} detections a second", f.fps);
  if (f.results_fps > 1.02 * f.fps) out += fmt::format(" ({:.1f} results)", f.results_fps);
  out += fmt::format(", no older than {:.0f} ms, {:.0f} % of the processor", f.age_ms_p99,
                     f.cpu_percent);
  if (f.watts > 0) out += fmt::format(", {:.1f} watts", f.watts);
  return accuracy ? out + ", " + accuracy_text(accuracy) : out;
}

std::map<std::string, std::string> reasons_of(const TuneWork& work, const TunePoint& chosen,
                                              const std::vector<std::vector<Runtime>>& runtimes,
                                              bool met) {
  const Configuration& c = chosen.configuration;
  std::map<std::string, std::string> reasons;
  reasons["model"] = (met ? "the best accuracy for the goal, " : "the nearest to the goal, ") +
                     accuracy_text(chosen.accuracy);
  for (size_t m = 0; m < work.models.size(); ++m) {
    if (work.models[m].file != c.model) continue;
    reasons["engine"] = reason_of_runtime(runtimes[m], c, true);
    reasons["threads"] = reason_of_runtime(runtimes[m], c, false);
  }
  if (c.side) reasons["imgsz"] = reason_of_size(work, chosen);
  if (!chosen.ran_in.empty()) reasons["precision"] = "it ran in " + chosen.ran_in;
  reasons["skip"] = reason_of_policy(work, chosen);
  reasons["cpu-budget"] = "live skips more frames where this is exceeded";
  reasons["max-age-ms"] = "frames that are older are left out";
  if (work.footage.realtime) reasons["realtime"] = "plays the file as a camera would";
  if (work.options.source.empty())
    reasons["sources"] = "the images of the data; put the address of your camera here";
  std::erase_if(reasons, [](const auto& reason) { return reason.second.empty(); });
  return reasons;
}

std::string advice_for(const TuneGoals& goals, const Footage& footage, const TunePoint& nearest,
                       const FixedPart& fixed) {
  const Figures& figures = nearest.figures;
  if (limited_by_source(goals, footage.fps))
    return fmt::format(
        "the goal is beyond the source: {} gives {:.1f} frames a second, so no setting gives {:g} "
        "detections",
        footage.name, footage.fps, *goals.fps);
  if (reserve(goals, figures, footage.fps) >= 1) return {};
  const std::string found =
      fmt::format("nothing that was tried holds {}; the nearest is {}: {}. ", goals.text(),
                  nearest.configuration.text(), figures_text(figures, nearest.accuracy));
  const auto needed = figures.results_fps > 0 ? needed_speedup(goals, figures, footage.fps, fixed)
                                              : std::optional(kMostSpeedup);
  if (!needed) return found + reason_of_no_model(goals, figures, fixed);
  const double speedup = std::max(kLeastSpeedup, *needed);
  return found +
         fmt::format(
             "A model that is {:.1f} times as fast would hold it: prune it with 'octet compress "
             "--speedup {:.1f}', try a smaller model, or ask for less",
             speedup, std::min(speedup, kMostSpeedup));
}

}  // namespace octet
