// What 'octet live' runs: from options of the command line, or from a YAML file whose keys are the
// options' names. docs/live.md shows one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "live/watch.h"
#include "serve/event_pictures.h"
#include "serve/http/server.h"
#include "serve/mqtt/mqtt.h"

namespace octet {

struct LiveConfig {
  DetectorOptions detector;
  bool auto_size = false;  // several inputs, among which the load decides
  std::vector<CameraSpec> cameras;
  WatchOptions watch;
  ServerOptions http;
  MqttOptions mqtt;
  EventOptions events;
};

// Throws an Error that names file, line and key. Files in it count from its own folder.
[[nodiscard]] LiveConfig read_live_config(const std::filesystem::path& file);
// The same, of a text; `name` is for errors, `folder` is where files in it count from.
[[nodiscard]] LiveConfig parse_live_config(const std::string& text, const std::string& name,
                                           const std::filesystem::path& folder);

// "front=rtsp://…" has a name; without one the address, without its secrets, is it.
[[nodiscard]] CameraSpec parse_camera(const std::string& text);
// "auto" or a number of frames below 1000. Throws a usage Error for anything else.
[[nodiscard]] int parse_skip(const std::string& text);
// The first line of a file that holds a secret.
[[nodiscard]] std::string read_secret(const std::filesystem::path& file);

// Sets what follows from the rest, and throws a usage Error for what does not go together: two
// cameras of one name, a video of several.
void complete(LiveConfig& config);

// One, or with auto_size three, for cameras whose pictures have that size.
[[nodiscard]] Detectors make_detectors(const LiveConfig& config, Size camera);

}  // namespace octet
