// The settings of a running watch that the page and programs may change.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "live/watch.h"

namespace octet {

[[nodiscard]] nlohmann::json settings_of(Watch& watch);

// Applies all settings of `body`, a JSON object. Where one is wrong it applies none and returns the
// reason.
[[nodiscard]] std::string change_settings(const std::string& body, Watch& watch);

}  // namespace octet
