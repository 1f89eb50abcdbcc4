#include "serve/mqtt/message.h"

#include <fmt/format.h>

#include "core/text/clean_text.h"

namespace octet {

std::string source_topic(const MqttOptions& options, const std::string& source, const char* what) {
  return fmt::format("{}/{}/{}", options.topic, escaped_name(source), what);
}

std::string zone_topic(const MqttOptions& options, const std::string& source,
                       const std::string& zone) {
  return source_topic(options, source, "zone/") + escaped_name(zone);
}

}  // namespace octet
