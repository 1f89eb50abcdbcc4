#include "machine/machine.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "core/control_groups.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr double kLeastCelsius = 0, kMostCelsius = 130;
// Chips of processors that have no thermal zone.
constexpr std::string_view kProcessorChips[] = {"coretemp", "k10temp", "zenpower"};
// Parts of the names of their sensors, of any kind.
constexpr std::string_view kProcessorNames[] = {"cpu", "pkg", "core", "soc", "k10temp", "zenpower"};

void add_temperature(std::string sensor, std::optional<int64_t> millidegrees,
                     std::vector<Temperature>& out) {
  if (!millidegrees) return;
  const double celsius = static_cast<double>(*millidegrees) / 1000;
  if (celsius > kLeastCelsius && celsius <= kMostCelsius)
    out.push_back({.sensor = std::move(sensor), .celsius = celsius});
}

bool is_of_processor(const std::string& sensor) {
  std::string name = sensor;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(std::begin(kProcessorNames), std::end(kProcessorNames),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

int mhz_of(std::optional<int64_t> khz) {
  return khz && *khz > 0 ? static_cast<int>(std::min<int64_t>(*khz / 1000, 1'000'000)) : 0;
}

// "512K" in bytes.
int64_t cache_bytes(const std::string& text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || value < 0 || value > 1 << 30) return 0;
  const char unit = read.ptr == text.data() + text.size() ? ' ' : *read.ptr;
  return unit == 'K' ? value << 10 : unit == 'M' ? value << 20 : value;
}

// By "key value" lines. 0: none.
int64_t value_of(const std::string& text, std::string_view wanted) {
  std::istringstream lines(text);
  std::string key;
  int64_t value = 0;
  while (lines >> key >> value) {
    if (key == wanted) return value;
  }
  return 0;
}

// The files of version 2, else of version 1. Without a limit version 2 says "max", and version 1 a
// number beyond all memory.
void limit_to_group(const SystemFiles& files, const fs::path& group, MachineMemory& memory) {
  const auto number = [&](const char* second, const char* first) {
    const auto value = files.number(group / second);
    return value ? value : files.number(group / first);
  };
  const auto limit = number("memory.max", "memory.limit_in_bytes");
  if (!limit || *limit <= 0 || *limit >= memory.total) return;
  const std::string parts = files.text(group / "memory.stat").value_or("");
  const int64_t used = number("memory.current", "memory.usage_in_bytes").value_or(0) -
                       value_of(parts, "inactive_file");
  memory.total = *limit;
  memory.available = std::clamp<int64_t>(*limit - used, 0, memory.available);
}

}  // namespace

std::vector<Temperature> read_temperatures(const SystemFiles& files) {
  std::vector<Temperature> out;
  for (const fs::path& zone : files.numbered("sys/class/thermal", "thermal_zone"))
    add_temperature(files.text(zone / "type").value_or(zone.filename().string()),
                    files.number(zone / "temp"), out);
  for (const fs::path& chip : files.numbered("sys/class/hwmon", "hwmon")) {
    const std::string name = files.text(chip / "name").value_or("");
    if (std::find(std::begin(kProcessorChips), std::end(kProcessorChips), name) !=
        std::end(kProcessorChips))
      add_temperature(name, files.number(chip / "temp1_input"), out);
  }
  return out;
}

std::optional<Temperature> processor_temperature(const std::vector<Temperature>& sensors) {
  std::optional<Temperature> best;
  bool best_is = false;
  for (const Temperature& sensor : sensors) {
    const bool is = is_of_processor(sensor.sensor);
    const bool better = !best || (is == best_is ? sensor.celsius > best->celsius : is);
    if (!better) continue;
    best = sensor;
    best_is = is;
  }
  return best;
}

std::vector<ProcessorClock> read_clocks(const SystemFiles& files) {
  std::vector<ProcessorClock> out;
  for (const fs::path& policy : files.numbered("sys/devices/system/cpu/cpufreq", "policy")) {
    ProcessorClock clock{.cores = files.text(policy / "related_cpus").value_or(""),
                         .governor = files.text(policy / "scaling_governor").value_or(""),
                         .mhz = mhz_of(files.number(policy / "scaling_cur_freq")),
                         .allowed_mhz = mhz_of(files.number(policy / "scaling_max_freq")),
                         .most_mhz = mhz_of(files.number(policy / "cpuinfo_max_freq"))};
    if (clock.mhz > 0 || !clock.governor.empty()) out.push_back(std::move(clock));
  }
  return out;
}

std::optional<MachineMemory> read_memory(const SystemFiles& files) {
  std::istringstream lines(files.text("proc/meminfo").value_or(""));
  MachineMemory out;
  std::string key;
  int64_t kilobytes = 0;
  std::string rest;
  while (lines >> key >> kilobytes && std::getline(lines, rest)) {
    if (key == "MemTotal:") out.total = kilobytes << 10;
    if (key == "MemAvailable:") out.available = kilobytes << 10;
  }
  if (out.total <= 0) return std::nullopt;
  const std::string groups = files.text("proc/self/cgroup").value_or("");
  for (const fs::path& group : group_folders(groups, "memory"))
    limit_to_group(files, fs::path("sys/fs/cgroup") / group, out);
  return out;
}

std::vector<ProcessorCache> read_caches(const SystemFiles& files) {
  std::vector<ProcessorCache> out;
  for (const fs::path& index : files.numbered("sys/devices/system/cpu/cpu0/cache", "index")) {
    const auto level = files.text(index / "level");
    const std::string type = files.text(index / "type").value_or("");
    const int64_t bytes = cache_bytes(files.text(index / "size").value_or(""));
    if (!level || bytes == 0) continue;
    const char* kind = type == "Data" ? "d" : type == "Instruction" ? "i" : "";
    out.push_back({.name = "L" + *level + kind, .bytes = bytes});
  }
  return out;
}

}  // namespace octet
