// The one table of the options of 'octet live'. Command line, help, configuration file, reload and
// page come from it. To add an option: a member of an options struct, a row here, and a run of
// scripts/make_reference.py, which writes docs/reference/configuration.md.
#pragma once

#include <string>
#include <vector>

#include "core/options/option.h"
#include "serve/config/config.h"

namespace octet {

// The time at which a changed option takes effect in a running watch. kNextCamera: for cameras that
// are opened later, and for the frame policy of all cameras.
enum class TakesEffect { kNextFrame, kNextCamera, kNewModel, kNextStart };

// kWatch: with this option even a single file runs as a watch.
enum class Needs { kAnyPipeline, kWatch };

// A control of the page: its name in /api/settings, and the functions that copy it to and from the
// watch.
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

// Returns the names of the options that differ and take effect at `when`.
[[nodiscard]] std::vector<std::string> changed_options(const LiveConfig& a, const LiveConfig& b,
                                                       TakesEffect when);

// Whether the configuration needs a Watch. A file pipeline is enough for one file, every frame, and
// no services.
[[nodiscard]] bool needs_watch(const LiveConfig& config);

}  // namespace octet
