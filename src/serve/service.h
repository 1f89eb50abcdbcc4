// Runs a watch with its services: page, MQTT, images of events, reload of the configuration,
// systemd.
#pragma once

#include <filesystem>
#include <optional>

#include "live/watch.h"
#include "serve/config/config.h"
#include "serve/status.h"

namespace octet {

struct ServiceSummary {
  WatchSummary watch;
  NetworkDescription network;
  Size input;
  std::optional<MqttStatus> mqtt;
};

// `config` is complete(). `file` is its file, which is read again when it changes; empty: there is
// none. Returns as Watch::run() does.
[[nodiscard]] ServiceSummary run_service(const LiveConfig& config,
                                         const std::filesystem::path& file);

}  // namespace octet
