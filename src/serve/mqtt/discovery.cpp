#include "serve/mqtt/discovery.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "serve/mqtt/message.h"

namespace octet {
namespace {

using nlohmann::ordered_json;

// Templates are constants: no name of a source or a zone is a part of one.
constexpr const char* kConnected = "{{ 'ON' if value_json.state == 'up' else 'OFF' }}";
constexpr const char* kAvailable = "{{ 'online' if value_json.state == 'up' else 'offline' }}";
constexpr const char* kOccupied = "{{ 'ON' if value_json.occupied else 'OFF' }}";
constexpr const char* kCount = "{{ value_json.count }}";

ordered_json program_is_there(const MqttOptions& options) {
  return {{"topic", options.topic + "/available"}};
}

// Unique among all devices of a broker: no discovery_id() of a name has two - in a row.
std::string device_id(const MqttOptions& options, const std::string& source) {
  return discovery_id(options.topic) + "--" + discovery_id(source);
}

// A device's entities, by their keys.
class Entities {
 public:
  Entities(const MqttOptions& options, const std::string& source)
      : options_(options), source_(source) {}

  void add_camera() {
    ordered_json connection = entity("connection", "binary_sensor", "Connection");
    connection.update({{"device_class", "connectivity"},
                       {"entity_category", "diagnostic"},
                       {"state_topic", source_topic(options_, source_, "state")},
                       {"value_template", kConnected},
                       {"availability", ordered_json::array({program_is_there(options_)})}});
    all_["connection"] = std::move(connection);
    ordered_json picture = entity("picture", "image", "Last picture");
    picture.update({{"content_type", "image/jpeg"},
                    {"image_topic", source_topic(options_, source_, "picture")},
                    {"availability", ordered_json::array({program_is_there(options_)})}});
    all_["picture"] = std::move(picture);
  }

  void add_zone(const std::string& zone) {
    const std::string occupancy = "occupancy-" + discovery_id(zone);
    ordered_json sensor = entity(occupancy, "binary_sensor", zone);
    sensor.update({{"device_class", "occupancy"}, {"value_template", kOccupied}});
    add_state(sensor, zone);
    all_[occupancy] = std::move(sensor);
    const std::string count = "count-" + discovery_id(zone);
    ordered_json number = entity(count, "sensor", zone + " count");
    number.update(
        {{"state_class", "measurement"}, {"icon", "mdi:counter"}, {"value_template", kCount}});
    add_state(number, zone);
    all_[count] = std::move(number);
  }

  [[nodiscard]] ordered_json take() { return std::move(all_); }

 private:
  [[nodiscard]] ordered_json entity(const std::string& key, const char* platform,
                                    const std::string& name) const {
    return {{"platform", platform},
            {"unique_id", device_id(options_, source_) + "." + key},
            {"name", name}};
  }
  // Of a zone nothing is known while its camera is down.
  void add_state(ordered_json& sensor, const std::string& zone) const {
    sensor["state_topic"] = zone_topic(options_, source_, zone);
    const ordered_json camera_is_up{{"topic", source_topic(options_, source_, "state")},
                                    {"value_template", kAvailable}};
    sensor["availability"] = ordered_json::array({program_is_there(options_), camera_is_up});
    sensor["availability_mode"] = "all";
  }

  const MqttOptions& options_;
  const std::string& source_;
  ordered_json all_ = ordered_json::object();
};

}  // namespace

std::string discovery_id(const std::string& name) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  std::string id;
  for (const char c : name) {
    if (kPlain.find(c) != std::string_view::npos)
      id += c;
    else
      id += fmt::format("-{:02X}", static_cast<unsigned char>(c));
  }
  return id.empty() ? "-" : id;
}

std::string discovery_topic(const MqttOptions& options, const std::string& source) {
  return fmt::format("{}/device/{}/config", options.discovery, device_id(options, source));
}

ordered_json discovery_payload(const MqttOptions& options, const std::string& source,
                               const RegionSpec& regions) {
  Entities entities(options, source);
  entities.add_camera();
  for (const Zone& zone : regions.zones) entities.add_zone(zone.name);
  return {{"device",
           {{"identifiers", ordered_json::array({device_id(options, source)})},
            {"name", source},
            {"manufacturer", "octet"},
            {"model", "octet live"},
            {"sw_version", OCTET_VERSION}}},
          {"origin", {{"name", "octet"}, {"sw_version", OCTET_VERSION}}},
          {"qos", 1},
          {"components", entities.take()}};
}

ordered_json discovery_removal(const ordered_json& last, const ordered_json& next) {
  ordered_json update = next;
  bool any = false;
  for (const auto& [key, entity] : last.at("components").items()) {
    if (next.at("components").contains(key)) continue;
    update["components"][key] = {{"platform", entity.at("platform")}};
    any = true;
  }
  return any ? update : ordered_json();
}

}  // namespace octet
