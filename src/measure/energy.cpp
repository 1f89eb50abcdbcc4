#include "measure/energy.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/process.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPowerChips[] = {"ina219", "ina220", "ina226", "ina230", "ina231"};
constexpr std::chrono::milliseconds kPmicPeriod{250};        // a program starts for each reading
constexpr std::chrono::milliseconds kCounterPeriod{60'000};  // some start again after minutes
constexpr std::chrono::milliseconds kToolTakes{1000};
constexpr double kMostWatts = 10'000;
constexpr double kStandsStillSeconds = 0.1;  // a counter that does not move for so long is none
constexpr int kFewestReadings = 10;
constexpr std::chrono::milliseconds kShortest{1000};  // of many calls

// The counters of the packages, which start again at their ends. A zone of another name, such as
// "psys", counts the packages too. It is taken where there is no package.
class Rapl {
 public:
  explicit Rapl(SystemFiles files) : files_(std::move(files)) {
    std::vector<Package> others;
    for (const fs::path& folder : files_.numbered("sys/class/powercap", "intel-rapl:")) {
      const auto now = files_.number(folder / "energy_uj");
      if (!now || *now < 0) continue;
      const bool package = files_.text(folder / "name").value_or("").starts_with("package");
      (package ? packages_ : others)
          .push_back({folder, *now, files_.number(folder / "max_energy_range_uj").value_or(0)});
    }
    if (packages_.empty() && !others.empty()) packages_ = {others.front()};
  }
  [[nodiscard]] bool present() const { return !packages_.empty(); }
  std::optional<double> joules() {
    for (Package& p : packages_) {
      const auto now = files_.number(p.folder / "energy_uj");
      if (!now || (*now < p.last && p.range == 0)) return std::nullopt;
      microjoules_ += static_cast<double>(*now - p.last + (*now < p.last ? p.range : 0));
      p.last = *now;
    }
    return microjoules_ * 1e-6;
  }

 private:
  struct Package {
    fs::path folder;
    int64_t last = 0, range = 0;
  };
  SystemFiles files_;
  std::vector<Package> packages_;
  double microjoules_ = 0;
};

std::optional<EnergySource> rapl_source(const SystemFiles& files) {
  const auto rapl = std::make_shared<Rapl>(files);
  if (!rapl->present()) return std::nullopt;
  return EnergySource{.name = "RAPL",
                      .joules = [rapl] { return rapl->joules(); },
                      .watts = {},
                      .period = kCounterPeriod};
}

// A sensor that says nothing, less than nothing or megawatts is no meter.
std::optional<double> plausible(std::optional<double> watts) {
  return watts && *watts > 0 && *watts < kMostWatts ? watts : std::nullopt;
}

std::optional<double> chip_watts(const SystemFiles& files, const fs::path& chip) {
  const auto microwatts = files.number(chip / "power1_input");
  if (!microwatts) return std::nullopt;
  return plausible(static_cast<double>(*microwatts) * 1e-6);
}

std::optional<EnergySource> hwmon_source(const SystemFiles& files) {
  for (const fs::path& chip : files.numbered("sys/class/hwmon", "hwmon")) {
    const std::string name = files.text(chip / "name").value_or("");
    const bool known =
        std::find(std::begin(kPowerChips), std::end(kPowerChips), name) != std::end(kPowerChips);
    if (known && chip_watts(files, chip))
      return EnergySource{
          .name = name, .joules = {}, .watts = [files, chip] { return chip_watts(files, chip); }};
  }
  return std::nullopt;
}

std::optional<EnergySource> pmic_source(const ReadPmic& read) {
  if (!pmic_watts(read())) return std::nullopt;
  return EnergySource{.name = "PMIC",
                      .joules = {},
                      .watts = [read] { return pmic_watts(read()); },
                      .period = kPmicPeriod};
}

// A line "NAME_A current(7)=1.08053000A" or "NAME_V volt(15)=0.72178200V".
struct PmicReading {
  std::string rail;
  char kind = 0;  // A or V
  double value = 0;
};
std::optional<PmicReading> parse_pmic_line(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view name = line.substr(0, line.find(' '));
  const size_t equals = line.find('=');
  if (name.size() < 3 || name[name.size() - 2] != '_' || equals == std::string_view::npos)
    return std::nullopt;
  PmicReading out{.rail = std::string(name.substr(0, name.size() - 2)), .kind = name.back()};
  const std::string_view number = line.substr(equals + 1);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), out.value);
  const bool unit = read.ptr != number.data() + number.size() && *read.ptr == out.kind;
  if (read.ec != std::errc() || !unit || !(out.value >= 0)) return std::nullopt;
  return out;
}

}  // namespace

std::string run_pmic_read_adc() {
  try {
    return run_program({"vcgencmd", "pmic_read_adc"},
                       {.at_most = kToolTakes, .errors = "/dev/null"})
        .out;
  } catch (const Error&) {
    return "";
  }
}

std::optional<double> pmic_watts(std::string_view text) {
  std::map<std::string, double> amperes;
  std::map<std::string, double> volts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (const auto reading = parse_pmic_line(line))
      (reading->kind == 'A' ? amperes : volts)[reading->rail] = reading->value;
  }
  double sum = 0;
  for (const auto& [rail, current] : amperes) {
    if (const auto voltage = volts.find(rail); voltage != volts.end())
      sum += current * voltage->second;
  }
  return plausible(sum);
}

std::optional<EnergySource> find_energy_source(const SystemFiles& files,
                                               const ReadPmic& read_pmic) {
  if (auto source = rapl_source(files)) return source;
  if (auto source = hwmon_source(files)) return source;
  return pmic_source(read_pmic);
}

EnergyMeter::EnergyMeter(EnergySource source) : source_(std::move(source)) {
  if (source_.joules) {
    first_joules_ = source_.joules();
  } else {
    last_watts_ = source_.watts();
    ++(last_watts_ ? good_ : failed_);
  }
  thread_ = std::jthread([this] { sample(); });
}

void EnergyMeter::sample() {
  MutexLock lock(mutex_);
  while (
      !changed_.wait_for(lock, source_.period, [this]() OCTET_REQUIRES(mutex_) { return end_; })) {
    lock.unlock();
    add_reading();
    lock.lock();
  }
}

void EnergyMeter::add_reading() {
  if (source_.watts) return add_watts(source_.watts());
  const auto joules = source_.joules();
  ++(joules ? good_ : failed_);
  sum_.joules = joules.value_or(0) - first_joules_.value_or(0);
}

// The mean of two readings holds between them. A reading that fails repeats the last one.
void EnergyMeter::add_watts(std::optional<double> watts) {
  ++(watts ? good_ : failed_);
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const double present = watts.value_or(last_watts_.value_or(0));
  sum_.joules += (present + last_watts_.value_or(present)) / 2 * seconds;
  last_ = now;
  if (watts) last_watts_ = watts;
}

bool EnergyMeter::is_known() const {
  if (source_.watts) return good_ > failed_;
  const bool stood_still = sum_.joules <= 0 && sum_.seconds > kStandsStillSeconds;
  return first_joules_ && failed_ == 0 && !stood_still;
}

EnergyUse EnergyMeter::stop() {
  if (use_) return *use_;
  {
    const MutexLock lock(mutex_);
    end_ = true;
    changed_.notify_all();
  }
  thread_.join();
  add_reading();
  sum_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  sum_.known = is_known();
  use_ = sum_;
  return *use_;
}

std::optional<double> joules_of(const EnergySource& source, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto least =
      source.watts ? std::max(kShortest, kFewestReadings * source.period) : kShortest;
  EnergyMeter meter(source);
  const auto begin = Clock::now();
  double calls = 0;
  do {
    work();
    ++calls;
  } while (Clock::now() - begin < least && !stop_requested());
  const EnergyUse use = meter.stop();
  return use.known ? std::optional(use.joules / calls) : std::nullopt;
}

}  // namespace octet
