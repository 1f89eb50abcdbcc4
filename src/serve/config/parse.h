// Parses values of a command line or a configuration file.
#pragma once

#include <filesystem>
#include <string>

#include "live/source/camera.h"
#include "serve/options.h"

namespace octet {

// "front=rtsp://…" names the camera. Without a name the public address is the name.
[[nodiscard]] CameraSpec parse_camera(const std::string& text);
// "auto" or a number of frames below 1000. Throws a usage Error for anything else.
[[nodiscard]] int parse_skip(const std::string& text);
// "mqtt://user@host:1883/topic", or "mqtts://…" (TLS, port 8883, the system's authorities). Throws
// a usage Error that names what is wrong.
[[nodiscard]] MqttOptions parse_mqtt(const std::string& address);
// Throws a usage Error where nothing can be published to `topic`.
void require_topic(const std::string& topic);
// The address that parse_mqtt() reads; empty where there is no host.
[[nodiscard]] std::string mqtt_address(const MqttOptions& options);
// Returns the first line of a file of a secret. Throws an Error when it is empty.
[[nodiscard]] std::string read_secret(const std::filesystem::path& file);

}  // namespace octet
