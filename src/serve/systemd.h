// What systemd wants to know of a service of Type=notify (sd_notify(3)). Outside systemd nothing
// happens.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace octet {

// "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…".
void notify_systemd(const std::string& state);

// How often "WATCHDOG=1" is expected; none: it is not.
[[nodiscard]] std::optional<std::chrono::microseconds> systemd_watchdog();

}  // namespace octet
