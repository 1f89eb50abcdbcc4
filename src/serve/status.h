// The state of the services around a watch, for the page and for programs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace octet {

struct MqttStatus {
  bool connected = false;
  int64_t delivered = 0;  // acknowledged by the broker
  int64_t waiting = 0;
  int64_t lost = 0;   // dropped for newer ones
  std::string error;  // reason when it is not connected
};

// The changes of each camera that looks other than usual, in words.
using SiteChanges = std::map<std::string, std::vector<std::string>>;

struct ReloadStatus {
  double loaded = 0;  // when, in seconds since 1970
  int64_t times = 0;  // that it was read again
  std::string error;  // of the last attempt
};

}  // namespace octet
