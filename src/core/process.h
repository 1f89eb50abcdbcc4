// What this process has used so far, and how it is asked to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace octet {

struct ProcessUsage {
  std::chrono::duration<double, std::milli> cpu{};  // user and system, all threads
  double peak_rss_mb = 0;
};
[[nodiscard]] ProcessUsage process_usage();

// Since the process was started by its parent, before any of its libraries were loaded (resolution
// 10 ms).
[[nodiscard]] std::chrono::duration<double, std::milli> time_since_process_start();

// The folder of this program; the working folder where it is not known.
[[nodiscard]] std::filesystem::path program_folder();

// Runs `work` in a copy of this process, so that all the memory it takes goes back to the system.
// False when it failed, or when this process has other threads and is not safe to copy.
[[nodiscard]] bool run_in_child(const std::function<void()>& work);

// Runs a program to its end; what it writes on standard error goes to this process's. A program
// that is not there is a result; throws when one that is there cannot be started.
struct ProgramResult {
  bool installed = true;
  int status = 0;  // 128 + the signal where one ended it; 127 where it is not installed
  std::string out;
};
[[nodiscard]] ProgramResult run_program(const std::vector<std::string>& arguments);

// Set by the first SIGINT or SIGTERM after install_stop_signals(); one that comes more than a
// second later ends the process.
[[nodiscard]] const std::atomic<bool>& stop_requested();
// For a module, which has a flag of its own that no signal sets: `flag`, the program's, is asked
// from now on.
void set_stop_flag(const std::atomic<bool>& flag);
void install_stop_signals();

// Whether SIGHUP came since the last call; it no longer ends the process from the first call on.
[[nodiscard]] bool take_reload_request();

}  // namespace octet
