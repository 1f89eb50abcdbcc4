// The configuration of 'octet live', from the command line or from a YAML file whose keys are the
// names of the options. serve/config/live_options.h lists them, and docs/reference/configuration.md
// shows a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "live/watch.h"
#include "serve/options.h"

namespace octet {

struct LiveConfig {
  DetectorOptions detector{.runtime = {.precision = Precision::kAuto}};
  bool auto_size = false;      // several inputs; the load decides
  std::filesystem::path pose;  // a network for the keypoints of people; empty: not wanted
  std::vector<CameraSpec> cameras;
  WatchOptions watch;
  ServerOptions http;
  MqttOptions mqtt;
  EventOptions events;
  SiteOptions site;
};

// Reads the file and completes it. Throws an Error that names file, line and key. Relative paths
// start at the folder of the file. Files of secrets are read; sources and models are not opened.
[[nodiscard]] LiveConfig read_live_config(const std::filesystem::path& file);
// Parses a text, without complete(). `name` is for errors, and relative paths start at `folder`.
[[nodiscard]] LiveConfig parse_live_config(const std::string& text, const std::string& name,
                                           const std::filesystem::path& folder);

// Sets dependent options. Throws a usage Error for a contradiction: two cameras with one name, one
// video of several cameras. Opens no file.
void complete(LiveConfig& config);

// Throws when a result would be written over a source or a model.
void require_other_files(const LiveConfig& config);

}  // namespace octet
