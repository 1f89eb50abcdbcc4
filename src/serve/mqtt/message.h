// A message for a broker, and the topics of a source. Names in a topic are escaped_name()s.
#pragma once

#include <string>

#include "serve/options.h"

namespace octet {

struct MqttMessage {
  std::string topic, text;
  bool retain = false;
};

// TOPIC/SOURCE/WHAT
[[nodiscard]] std::string source_topic(const MqttOptions& options, const std::string& source,
                                       const char* what);
// TOPIC/SOURCE/zone/ZONE
[[nodiscard]] std::string zone_topic(const MqttOptions& options, const std::string& source,
                                     const std::string& zone);

}  // namespace octet
