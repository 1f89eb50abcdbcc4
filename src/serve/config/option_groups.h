// Groups of live options that have a file of their own. live_options.cpp has the others.
#pragma once

#include <vector>

#include "serve/config/live_options.h"

namespace octet {

// Keypoints of people.
[[nodiscard]] std::vector<LiveOption> pose_options();
// The usual look of cameras, and pictures that are collected.
[[nodiscard]] std::vector<LiveOption> site_options();
// MQTT and the page.
[[nodiscard]] std::vector<LiveOption> network_options();

}  // namespace octet
