// What the page and programs may change of a running watch.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "live/watch.h"

namespace octet {

[[nodiscard]] nlohmann::json settings_of(Watch& watch);

// Takes all settings that `body`, a JSON object, names, or none and returns what is wrong.
[[nodiscard]] std::string change_settings(const std::string& body, Watch& watch);

}  // namespace octet
