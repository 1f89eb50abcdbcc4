// The state of this machine, as Linux tells it: temperature, clock, memory and caches. A figure that
// the kernel does not give is left out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/system_files.h"

namespace octet {

struct Temperature {
  std::string sensor;  // "cpu-thermal"
  double celsius = 0;
};
// Of thermal zones and of the processors' hwmon chips. Sensors that say 0 °C or less, or more than
// 130 °C, are left out, since they lie.
[[nodiscard]] std::vector<Temperature> read_temperatures(const SystemFiles& files);

// Of sensors that say what they are, the hottest of those of a processor: "x86_pkg_temp", "cpu-thermal",
// "coretemp". Where none says so, the hottest of all. Nothing where there is none.
[[nodiscard]] std::optional<Temperature> processor_temperature(
    const std::vector<Temperature>& sensors);

// Cores that share a clock. Frequencies are in MHz; 0: unknown.
struct ProcessorClock {
  std::string cores;     // "0 1 2 3"
  std::string governor;  // "ondemand"
  int mhz = 0;
  int allowed_mhz = 0;  // the limit that holds at present
  int most_mhz = 0;     // the limit of the processor
};
[[nodiscard]] std::vector<ProcessorClock> read_clocks(const SystemFiles& files);

// In bytes: of the machine, or of the smallest limit of this process's control groups, as containers
// have. Pages of files that can be dropped count as available.
struct MachineMemory {
  int64_t total = 0, available = 0;
};
[[nodiscard]] std::optional<MachineMemory> read_memory(const SystemFiles& files);

// A cache of the first core.
struct ProcessorCache {
  std::string name;  // "L1d", "L1i", "L2"
  int64_t bytes = 0;
};
[[nodiscard]] std::vector<ProcessorCache> read_caches(const SystemFiles& files);

}  // namespace octet
