// Temperature and clock of the processor, where Linux tells them (sysfs: thermal zones, cpufreq,
// throttle counters of x86, the firmware's flags of a Raspberry Pi), and what they say about a
// tuning: whether the machine is warm, and whether it was throttled.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace octet {

struct HeatReading {
  std::optional<double> celsius;       // of the processor's zone, of those that can be believed
  std::string zone;                    // its name
  std::optional<double> mhz;           // of the fastest core
  std::optional<double> below_trip;    // °C from the nearest zone to its own trip point
  std::optional<int64_t> throttlings;  // counted since the start of the machine
  std::optional<uint32_t> pi_flags;    // "get_throttled" of a Raspberry Pi
  std::vector<std::string> ignored;    // sensors that cannot be right, each with its value
};

// `root`: of the tree, usually /sys. Missing files are no error.
[[nodiscard]] HeatReading read_heat(const std::filesystem::path& root);
// Parses "throttled=0x50005", as vcgencmd prints it, or "50005", as sysfs has it.
[[nodiscard]] std::optional<uint32_t> parse_pi_flags(const std::string& text);

struct HeatSample {
  double seconds = 0;
  HeatReading reading;
};

struct HeatReport {
  bool known = false;  // there was a temperature or a clock
  std::optional<double> first_celsius, last_celsius, highest_celsius;
  std::optional<double> first_mhz, last_mhz;  // under load: of the first and last third
  bool steady = true;      // the temperature rose by less than a degree in the last twenty seconds
  bool throttled = false;  // the machine slowed down to stay cool, or for lack of power
  std::vector<std::string> ignored;
  [[nodiscard]] std::string text() const;  // sentences
};
// Adds a sample. Where there are `most`, every two become one first, the hotter with the flags of both;
// true: they did.
bool add_sample(std::vector<HeatSample>& samples, HeatSample sample, size_t most);
[[nodiscard]] HeatReport report_heat(const std::vector<HeatSample>& samples);

// Reads every half second, on a thread of its own, and less often after hours.
class HeatWatch {
 public:
  explicit HeatWatch(std::filesystem::path root);
  ~HeatWatch();
  HeatWatch(const HeatWatch&) = delete;
  HeatWatch& operator=(const HeatWatch&) = delete;

  [[nodiscard]] HeatReport report() const;  // of all readings so far

 private:
  void run();

  std::filesystem::path root_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  mutable Mutex mutex_;
  Condition changed_;
  bool stop_ OCTET_GUARDED_BY(mutex_) = false;
  std::vector<HeatSample> samples_ OCTET_GUARDED_BY(mutex_);
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace octet
