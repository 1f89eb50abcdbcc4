#include "serve/config/parse.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/error.h"
#include "core/file.h"
#include "core/text/clean_text.h"
#include "core/text/secrets.h"
#include "live/policy/frame_policy.h"

namespace octet {

namespace fs = std::filesystem;

namespace {
constexpr size_t kLongestTopic = 1024;  // bytes; cameras' names follow it

// What no topic to publish to may have; null: `topic` has none of it.
const char* topic_error(const std::string& topic) {
  if (topic.find_first_of("+#") != std::string::npos) return "a topic has no + or #";
  if (topic.size() > kLongestTopic || clean_text(topic) != topic)
    return "a topic is UTF-8 without control characters, of at most 1024 bytes";
  return nullptr;
}
}  // namespace

CameraSpec parse_camera(const std::string& text) {
  const size_t equals = text.find('=');
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  const bool named =
      equals != std::string::npos && equals > 0 && !fs::exists(text) &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_name);
  if (!named) return {.name = clean_text(public_address(text)), .address = text};
  return {.name = text.substr(0, equals), .address = text.substr(equals + 1)};
}

int parse_skip(const std::string& text) {
  if (text == "auto") return kAutoSkip;
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos)
    fail_usage("a number below 1000 or auto is expected");
  return std::stoi(text);
}

std::string read_secret(const fs::path& file) {
  if (file.empty()) fail_usage("a file is expected, whose first line is the secret");
  const std::string text = read_text_file(file);
  std::string secret = text.substr(0, text.find_first_of("\r\n"));
  if (secret.find_first_not_of(" \t") == std::string::npos)
    fail("{}: a secret is expected on its first line, which is empty", file.string());
  return secret;
}

MqttOptions parse_mqtt(const std::string& address) {
  const bool has_scheme = address.find("://") != std::string::npos;
  const auto wrong = [&](const char* what) {
    // Without :// it cannot be told what is a password.
    fail_usage("--mqtt{}: {}; mqtt://host:1883/topic is expected, or user@ before the host",
               has_scheme ? " " + public_address(address) : "", what);
  };
  MqttOptions out;
  std::string rest;
  if (address.starts_with("mqtt://")) {
    rest = address.substr(7);
  } else if (address.starts_with("mqtts://")) {
    rest = address.substr(8);
    out.tls = true;
    out.port = 8883;
  } else {
    wrong("no mqtt:// or mqtts:// at its beginning");
  }
  if (const size_t slash = rest.find('/'); slash != std::string::npos) {
    if (slash + 1 < rest.size()) out.topic = rest.substr(slash + 1);
    rest.resize(slash);
  }
  if (const size_t at = rest.rfind('@'); at != std::string::npos) {
    out.user = rest.substr(0, at);
    rest.erase(0, at + 1);
    if (out.user.find(':') != std::string::npos)
      fail_usage("--mqtt: a password does not belong on a command line; --mqtt-password FILE");
  }
  if (const size_t colon = rest.rfind(':');
      colon != std::string::npos && rest.find(']', colon) == std::string::npos) {
    const char* end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + colon + 1, end, out.port);
    if (error != std::errc() || stop != end || out.port < 1 || out.port > 65535)
      wrong("the port is no number from 1 to 65535");
    rest.resize(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) wrong("no host");
  if (const char* error = topic_error(out.topic)) wrong(error);
  out.host = rest;
  return out;
}

void require_topic(const std::string& topic) {
  if (const char* error = topic_error(topic)) fail_usage("{}", error);
}

std::string mqtt_address(const MqttOptions& o) {
  if (o.host.empty()) return {};
  const bool v6 = o.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}:{}/{}", o.tls ? "mqtts" : "mqtt",
                     o.user.empty() ? "" : o.user + "@", v6 ? "[" + o.host + "]" : o.host, o.port,
                     o.topic);
}

}  // namespace octet
