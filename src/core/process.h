// What this process has used so far, and how it is asked to stop.
#pragma once

#include <atomic>
#include <chrono>

namespace octet {

struct ProcessUsage {
  std::chrono::duration<double, std::milli> cpu{};  // user and system, all threads
  double peak_rss_mb = 0;
};
[[nodiscard]] ProcessUsage process_usage();

// Since the process was started by its parent, before any of its libraries were loaded (resolution
// 10 ms).
[[nodiscard]] std::chrono::duration<double, std::milli> time_since_process_start();

// Set by the first SIGINT or SIGTERM after install_stop_signals(); one that comes more than a
// second later ends the process.
[[nodiscard]] const std::atomic<bool>& stop_requested();
void install_stop_signals();

}  // namespace octet
