// The options of the services around a watch. serve/config/live_options.cpp lists every option.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace octet {

struct ServerOptions {
  std::string address;                     // "127.0.0.1:8080"
  std::string token;                       // every request has to bring it; empty: none
  bool open = false;                       // other machines may ask without a token
  std::filesystem::path certificate, key;  // PEM, for HTTPS; both or neither
  bool operator==(const ServerOptions&) const = default;
};

struct MqttOptions {
  std::string host;  // empty: not wanted
  int port = 1883;
  bool tls = false;
  std::filesystem::path authorities;  // of TLS: certificates, PEM; empty: the system's
  std::string user, password;
  std::string topic = "octet";
  std::string discovery;  // prefix of Home Assistant's discovery topics; empty: not wanted
  bool operator==(const MqttOptions&) const = default;
};

struct EventOptions {
  std::filesystem::path folder;  // empty: not wanted
  int keep = 1000;               // pictures
  bool operator==(const EventOptions&) const = default;
};

struct CollectOptions {
  std::filesystem::path folder;  // empty: not wanted
  int keep = 2000;               // pictures
  int per_day = 200;
  int64_t max_bytes = 500'000'000;  // of the folder
  bool operator==(const CollectOptions&) const = default;
};

struct SiteOptions {
  std::filesystem::path drift;  // file of the usual look of each camera; empty: not wanted
  CollectOptions collect;
  bool operator==(const SiteOptions&) const = default;
};

}  // namespace octet
