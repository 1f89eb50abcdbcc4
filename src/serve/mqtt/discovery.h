// How octet describes its sources to Home Assistant: one device for a source, by the format of "device
// discovery" (Home Assistant's documentation, integration MQTT). Functions of the configuration
// alone: nothing here talks to a broker.
//
//   PREFIX/device/TOPIC--SOURCE/config   retained; an empty message removes the device
//
// The format also has a level for a node. It is not used: Home Assistant 2024.12 does not remove a
// device that was described below one.
//
// A device has the camera's connection and its last picture, and for each zone whether somebody is
// in it and how many.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "live/track/regions.h"
#include "serve/options.h"

namespace octet {

// A name as Home Assistant takes it in a discovery topic: letters, digits and _ stay, any other byte
// becomes - and two hexadecimal digits. Different names stay different.
[[nodiscard]] std::string discovery_id(const std::string& name);

[[nodiscard]] std::string discovery_topic(const MqttOptions& options, const std::string& source);

[[nodiscard]] nlohmann::ordered_json discovery_payload(const MqttOptions& options,
                                                       const std::string& source,
                                                       const RegionSpec& regions);

// The update that has to go before `next` where `last` had entities that `next` lacks: it names
// each of them by its platform alone, which removes it. Null where none is gone.
[[nodiscard]] nlohmann::ordered_json discovery_removal(const nlohmann::ordered_json& last,
                                                       const nlohmann::ordered_json& next);

}  // namespace octet
