// The energy that this machine uses, by the first meter that it has: the counters of the processor
// packages (RAPL of powercap), an INA219 or INA226 sensor (hwmon), or the PMIC of a Raspberry Pi 5
// (vcgencmd pmic_read_adc).
//
//   if (const auto source = find_energy_source()) {
//     EnergyMeter meter(*source);
//     work();
//     const EnergyUse use = meter.stop();
//   }
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/mutex.h"
#include "machine/system_files.h"

namespace octet {

// A meter that counts joules, or one that tells watts.
struct EnergySource {
  std::string name;  // "RAPL", "ina219", "PMIC"
  // Joules since an unknown moment, so use differences only; empty: it tells watts.
  std::function<std::optional<double>()> joules;
  std::function<std::optional<double>()> watts;
  std::chrono::milliseconds period{100};  // between two readings of watts
};

// Returns the text of 'vcgencmd pmic_read_adc'; empty where there is no such program.
using ReadPmic = std::function<std::string()>;
[[nodiscard]] std::string run_pmic_read_adc();

// Returns nothing where the machine has no meter that can be read.
[[nodiscard]] std::optional<EnergySource> find_energy_source(
    const SystemFiles& files = SystemFiles(), const ReadPmic& read_pmic = run_pmic_read_adc);

// The sum over the rails that have a current and a voltage, in watts. Nothing where there are none.
[[nodiscard]] std::optional<double> pmic_watts(std::string_view text);

struct EnergyUse {
  double joules = 0, seconds = 0;

  [[nodiscard]] double watts() const { return seconds > 0 ? joules / seconds : 0; }
};

// Measures from its construction on. A thread reads a meter of watts.
class EnergyMeter {
 public:
  explicit EnergyMeter(EnergySource source);
  ~EnergyMeter() { (void)stop(); }
  EnergyMeter(const EnergyMeter&) = delete;
  EnergyMeter& operator=(const EnergyMeter&) = delete;

  // Ends the measurement. Later calls return the same.
  EnergyUse stop();

 private:
  using Clock = std::chrono::steady_clock;
  void sample();
  void add_reading();

  EnergySource source_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;  // of the thread, then of stop()
  double first_joules_ = 0;
  double last_watts_ = 0;
  std::optional<EnergyUse> use_;
  EnergyUse sum_;
  Mutex mutex_;
  Condition changed_;
  bool end_ OCTET_GUARDED_BY(mutex_) = false;
  std::optional<std::jthread> thread_;  // the last member: it uses the others
};

}  // namespace octet
