// The one table of the options of 'octet live'. Command line, help, configuration file, reload and
// page come from it. To add an option: a member of an options struct, a row here, and a run of
// scripts/reference_configuration.py, which writes docs/reference/configuration.md.
#pragma once

#include <string>
#include <vector>

#include "core/options/option.h"
#include "serve/config/config.h"

namespace octet {

// When an option takes effect that changed in the configuration of a running watch. kNextCamera:
// for cameras that are opened from then on, and for how the frames of all are chosen.
enum class TakesEffect { kNextFrame, kNextCamera, kNewModel, kNextStart };

// kWatch: a file alone is watched, too, when this option is not at its default.
enum class Needs { kAnyPipeline, kWatch };

// A control of the page: its name in /api/settings, and how it goes to the watch and comes back.
struct PageControl {
  std::string name;  // empty: not on the page
  void (*apply)(const LiveConfig& from, Controls& to) = nullptr;
  void (*observe)(const Controls& from, LiveConfig& to) = nullptr;
};

struct LiveOption : Option<LiveConfig> {
  TakesEffect takes_effect = TakesEffect::kNextStart;
  Needs needs = Needs::kAnyPipeline;
  PageControl page;
};

[[nodiscard]] const std::vector<LiveOption>& live_options();

// The names of the options that differ and take effect then.
[[nodiscard]] std::vector<std::string> changed_options(const LiveConfig& a, const LiveConfig& b,
                                                       TakesEffect when);

// Whether it takes a Watch, or a file pipeline does: one file, every frame, nothing around it.
[[nodiscard]] bool needs_watch(const LiveConfig& config);

}  // namespace octet
