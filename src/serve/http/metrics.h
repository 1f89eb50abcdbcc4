// Figures of the process and its cameras in the format of Prometheus.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "live/watch.h"
#include "machine/system_files.h"
#include "serve/mqtt/mqtt.h"

namespace octet {

struct Machine {
  double rss_mb = 0;              // of this process, now
  std::optional<double> celsius;  // of the processor, where the machine tells it
};
[[nodiscard]] Machine machine(const SystemFiles& files = SystemFiles());

// The text format, version 0.0.4.
[[nodiscard]] std::string metrics_text(const std::vector<CameraSummary>& cameras,
                                       const std::optional<MqttStatus>& mqtt,
                                       const SiteChanges& changes = {},
                                       const std::optional<PoseStatus>& pose = {});

}  // namespace octet
