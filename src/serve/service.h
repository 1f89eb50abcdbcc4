// A watch with all that surrounds it: page, MQTT, pictures of events, a configuration that is read
// again, systemd.
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

// `config` is complete(). `file`: where it was read from, to be read again when it changes; empty:
// nowhere. Returns as Watch::run() does.
[[nodiscard]] ServiceSummary run_service(const LiveConfig& config,
                                         const std::filesystem::path& file);

}  // namespace octet
