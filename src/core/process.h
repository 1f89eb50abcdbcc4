// The resources of this process, child processes, and requests to stop.
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
// Processor time over a time, in percent of all usable_cores(). 0 where no time passed.
[[nodiscard]] double percent_of_cores(double cpu_ms, double seconds);

// Time since the parent started this process, before its libraries were loaded (resolution 10 ms).
[[nodiscard]] std::chrono::duration<double, std::milli> time_since_process_start();

// The folder of this program, or the working folder where it is unknown.
[[nodiscard]] std::filesystem::path program_folder();

// Runs `work` in a copy of this process, so that all its memory returns to the system. Returns
// false when it failed, or when this process has other threads and cannot be copied safely.
[[nodiscard]] bool run_in_child(const std::function<void()>& work);

struct ProgramLimits {
  // The program gets SIGTERM after so long, or when this process is asked to stop, and SIGKILL some
  // seconds later. 0: it may take any time, also for its end.
  std::chrono::milliseconds at_most{0};
  // The file that gets its standard error. Empty: it shares that of this process.
  std::filesystem::path errors;
};
// Runs a program to its end. A missing program is a result and no error. Throws an Error when an
// installed one cannot be started.
struct ProgramResult {
  bool installed = true;
  bool timed_out = false;
  int status = 0;  // exit status; 128 + the signal that ended it; 127: not installed
  std::string out;
};
[[nodiscard]] ProgramResult run_program(const std::vector<std::string>& arguments,
                                        const ProgramLimits& limits = {});

// True after the first SIGINT or SIGTERM that follows install_stop_signals(). A second signal, more
// than a second later, ends the process.
[[nodiscard]] const std::atomic<bool>& stop_requested();
// For a module. It has its own flag, which no signal sets. After this call stop_requested() reads
// `flag`, the flag of the program.
void set_stop_flag(const std::atomic<bool>& flag);
void install_stop_signals();

// Whether SIGHUP came since the last call. From the first call on SIGHUP does not end the process.
[[nodiscard]] bool take_reload_request();

}  // namespace octet
