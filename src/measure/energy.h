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
  std::chrono::milliseconds period{100};  // between two readings
};

// Returns the text of 'vcgencmd pmic_read_adc'; empty where there is no such program.
using ReadPmic = std::function<std::string()>;
[[nodiscard]] std::string run_pmic_read_adc();

// Returns nothing where the machine has no meter that can be read.
[[nodiscard]] std::optional<EnergySource> find_energy_source(
    const SystemFiles& files = SystemFiles(), const ReadPmic& read_pmic = run_pmic_read_adc);

// The sum over the rails that have a current and a voltage, in watts. Nothing where there are none.
[[nodiscard]] std::optional<double> pmic_watts(std::string_view text);

// Not known where the meter failed in more than half of its readings, where a counter could not be
// read at the end, and where it stood still: every machine uses energy.
struct EnergyUse {
  bool known = true;
  double joules = 0, seconds = 0;

  [[nodiscard]] std::optional<double> watts() const {
    return known && seconds > 0 ? std::optional(joules / seconds) : std::nullopt;
  }
};

// Measures from its construction on. A thread reads the meter from time to time: watts to sum them, a
// counter so that it is seen to start again.
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
  void add_watts(std::optional<double> watts);
  [[nodiscard]] bool is_known() const;

  EnergySource source_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;  // of the thread, then of stop()
  std::optional<double> first_joules_;
  std::optional<double> last_watts_;
  int good_ = 0, failed_ = 0;  // readings
  std::optional<EnergyUse> use_;
  EnergyUse sum_;
  Mutex mutex_;
  Condition changed_;
  bool end_ OCTET_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // the last member: it uses the others
};

// The joules of a call of `work`, from so many calls that the meter tells about them: for a second,
// and for ten readings of watts. Nothing where the meter does not tell.
[[nodiscard]] std::optional<double> joules_of(const EnergySource& source,
                                              const std::function<void()>& work);

}  // namespace octet
