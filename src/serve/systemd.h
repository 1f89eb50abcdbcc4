// Notifies systemd as a service of Type=notify does (sd_notify(3)). Does nothing outside systemd.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace octet {

// "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…".
void notify_systemd(const std::string& state);

// Returns the interval of "WATCHDOG=1" that systemd expects; nothing: there is no watchdog.
[[nodiscard]] std::optional<std::chrono::microseconds> systemd_watchdog();

}  // namespace octet
