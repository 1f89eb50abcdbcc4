// What 'octet live' runs: from options of the command line, or from a YAML file whose keys are the
// options' names. serve/config/live_options.h lists them; docs/live.md shows a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "live/watch.h"
#include "serve/options.h"

namespace octet {

struct LiveConfig {
  DetectorOptions detector{.runtime = {.precision = Precision::kAuto}};
  bool auto_size = false;  // several inputs, among which the load decides
  std::vector<CameraSpec> cameras;
  WatchOptions watch;
  ServerOptions http;
  MqttOptions mqtt;
  EventOptions events;
};

// Reads the file and completes it. Throws an Error that names file, line and key. Files in it count
// from its own folder; secrets are read, sources and models are not.
[[nodiscard]] LiveConfig read_live_config(const std::filesystem::path& file);
// Of a text, not completed; `name` is for errors, `folder` is where files in it count from.
[[nodiscard]] LiveConfig parse_live_config(const std::string& text, const std::string& name,
                                           const std::filesystem::path& folder);

// Sets what follows from the rest, and throws a usage Error for what does not go together: two
// cameras of one name, a video of several. Opens no file.
void complete(LiveConfig& config);

// Throws when a result would be written over a source or the model.
void require_other_files(const LiveConfig& config);

}  // namespace octet
