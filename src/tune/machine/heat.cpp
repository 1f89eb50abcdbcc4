#include "tune/machine/heat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "core/error.h"
#include "core/process.h"
#include "core/text/clean_text.h"
#include "machine/machine.h"
#include "machine/system_files.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr double kLeastCelsius = 1, kMostCelsius = 125;  // silicon ends there
constexpr double kSteadySeconds = 20, kSteadyDegrees = 1;
constexpr double kSlower = 0.9;       // of the clock under load, at the end
constexpr double kNearTrip = 5;       // °C
constexpr uint32_t kPiSlowNow = 0xF;  // under-voltage, clock capped, throttled, soft limit
constexpr std::chrono::milliseconds kEvery{500};
constexpr std::chrono::milliseconds kToolTakes{1000};
constexpr int64_t kMostCount = 1'000'000'000'000'000;  // a counter above it is broken
constexpr size_t kMostSamples = 20'000;

// The lowest temperature at which this zone slows the processor down.
std::optional<double> trip_of(const SystemFiles& files, const fs::path& zone) {
  std::optional<double> lowest;
  for (int i = 0; i < 16; ++i) {
    const auto type = files.text(zone / fmt::format("trip_point_{}_type", i));
    const auto value = files.number(zone / fmt::format("trip_point_{}_temp", i));
    if (!type || !value) break;
    const double celsius = static_cast<double>(*value) / 1000;
    if ((*type != "passive" && *type != "hot") || celsius < 30 || celsius > kMostCelsius) continue;
    lowest = std::min(celsius, lowest.value_or(celsius));
  }
  return lowest;
}

void read_zones(const SystemFiles& files, HeatReading& reading) {
  std::vector<Temperature> believed;
  for (const fs::path& zone : files.numbered("class/thermal", "thermal_zone")) {
    const std::string name =
        clean_text(files.text(zone / "type").value_or(zone.filename().string()));
    const auto value = files.number(zone / "temp");  // thousandths of a degree
    if (!value) continue;
    const double celsius = static_cast<double>(*value) / 1000;
    if (celsius < kLeastCelsius || celsius > kMostCelsius) {
      reading.ignored.push_back(fmt::format("{} says {:g} °C", name, celsius));
      continue;
    }
    believed.push_back({.sensor = name, .celsius = celsius});
    if (const auto trip = trip_of(files, zone))
      reading.below_trip = std::min(*trip - celsius, reading.below_trip.value_or(*trip - celsius));
  }
  const auto processor = processor_temperature(believed);
  if (!processor) return;
  reading.celsius = processor->celsius;
  reading.zone = processor->sensor;
}

void read_clocks(const SystemFiles& files, HeatReading& reading) {
  for (const fs::path& policy : files.numbered("devices/system/cpu/cpufreq", "policy")) {
    const auto khz = files.number(policy / "scaling_cur_freq");
    if (!khz) continue;
    const double mhz = static_cast<double>(*khz) / 1000;
    if (mhz <= 0)
      reading.ignored.push_back(fmt::format("{} says {:g} MHz", policy.filename().string(), mhz));
    else
      reading.mhz = std::max(reading.mhz.value_or(0), mhz);
  }
}

void read_throttlings(const SystemFiles& files, HeatReading& reading) {
  for (const fs::path& cpu : files.numbered("devices/system/cpu", "cpu")) {
    const auto count = files.number(cpu / "thermal_throttle/core_throttle_count");
    if (count && *count >= 0 && *count < kMostCount)
      reading.throttlings = reading.throttlings.value_or(0) + *count;
  }
  if (const auto text = files.text("devices/platform/soc/soc:firmware/get_throttled"))
    reading.pi_flags = parse_pi_flags(*text);
}

// The tool of a Raspberry Pi, for kernels without the file. `installed` becomes false without it, and
// where it cannot be started.
std::optional<uint32_t> ask_vcgencmd(bool& installed) {
  try {
    const ProgramResult result =
        run_program({"vcgencmd", "get_throttled"}, {.at_most = kToolTakes, .errors = "/dev/null"});
    installed = result.installed && result.status == 0;
    return installed ? parse_pi_flags(result.out) : std::nullopt;
  } catch (const Error&) {
    installed = false;
    return std::nullopt;
  }
}

// The mean clock of a part of the samples.
std::optional<double> mean_mhz(const std::vector<HeatSample>& samples, size_t from, size_t to) {
  double sum = 0;
  int count = 0;
  for (size_t i = from; i < to; ++i) {
    if (!samples[i].reading.mhz) continue;
    sum += *samples[i].reading.mhz;
    ++count;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

void add_temperatures(const std::vector<HeatSample>& samples, HeatReport& report) {
  std::optional<double> before;  // twenty seconds before the end
  const double end = samples.back().seconds;
  for (const HeatSample& s : samples) {
    if (!s.reading.celsius) continue;
    const double celsius = *s.reading.celsius;
    if (!report.first_celsius) report.first_celsius = celsius;
    report.last_celsius = celsius;
    report.highest_celsius = std::max(report.highest_celsius.value_or(celsius), celsius);
    if (!before || s.seconds <= end - kSteadySeconds) before = celsius;
  }
  report.steady = !before || *report.last_celsius - *before < kSteadyDegrees;
}

bool was_throttled(const std::vector<HeatSample>& samples, const HeatReport& report) {
  const HeatReading& first = samples.front().reading;
  const HeatReading& last = samples.back().reading;
  if (first.throttlings && last.throttlings && *last.throttlings > *first.throttlings) return true;
  if (std::any_of(samples.begin(), samples.end(), [](const HeatSample& s) {
        return (s.reading.pi_flags.value_or(0) & kPiSlowNow) != 0;
      }))
    return true;
  // The system counts, or the firmware tells, and both say no.
  if (last.throttlings || last.pi_flags) return false;
  const bool slower =
      report.first_mhz && report.last_mhz && *report.last_mhz < kSlower * *report.first_mhz;
  // A clock that falls in a cool machine is that of a governor.
  const bool hot = std::any_of(samples.begin(), samples.end(), [](const HeatSample& s) {
    return s.reading.below_trip && *s.reading.below_trip < kNearTrip;
  });
  return slower && hot;
}

}  // namespace

std::optional<uint32_t> parse_pi_flags(const std::string& text) {
  std::string digits = text.substr(text.find('=') == std::string::npos ? 0 : text.find('=') + 1);
  if (digits.starts_with("0x")) digits.erase(0, 2);
  while (!digits.empty() && std::isspace(static_cast<unsigned char>(digits.back())) != 0)
    digits.pop_back();
  uint32_t flags = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), flags, 16);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(flags)
                                                                      : std::nullopt;
}

HeatReading read_heat(const fs::path& root) {
  const SystemFiles files(root);
  HeatReading reading;
  read_zones(files, reading);
  read_clocks(files, reading);
  read_throttlings(files, reading);
  return reading;
}

bool add_sample(std::vector<HeatSample>& samples, HeatSample sample, size_t most) {
  const bool full = samples.size() >= most;
  if (full) {
    for (size_t i = 0; i + 1 < samples.size(); i += 2) {
      const HeatReading &a = samples[i].reading, &b = samples[i + 1].reading;
      const auto flags = a.pi_flags || b.pi_flags
                             ? std::optional(a.pi_flags.value_or(0) | b.pi_flags.value_or(0))
                             : std::nullopt;
      const bool nearer = b.below_trip && (!a.below_trip || *b.below_trip < *a.below_trip);
      const auto below_trip = nearer ? b.below_trip : a.below_trip;
      HeatSample kept = b.celsius > a.celsius ? samples[i + 1] : samples[i];
      kept.reading.below_trip = below_trip;
      kept.reading.pi_flags = flags;
      samples[i / 2] = std::move(kept);
    }
    samples.resize(samples.size() / 2);
  }
  samples.push_back(std::move(sample));
  return full;
}

HeatReport report_heat(const std::vector<HeatSample>& samples) {
  HeatReport report;
  if (samples.empty()) return report;
  std::set<std::string> names;
  for (const HeatSample& s : samples) {
    for (const std::string& text : s.reading.ignored) {
      if (names.insert(text.substr(0, text.find(" says"))).second) report.ignored.push_back(text);
    }
  }
  add_temperatures(samples, report);
  const size_t third = std::max<size_t>(1, samples.size() / 3);
  report.first_mhz = mean_mhz(samples, 0, third);
  report.last_mhz = mean_mhz(samples, samples.size() - third, samples.size());
  report.known = report.last_celsius || report.last_mhz;
  report.throttled = was_throttled(samples, report);
  return report;
}

std::string HeatReport::text() const {
  std::string out;
  if (!known) out = "This machine tells neither temperature nor clock.";
  if (last_celsius)
    out += fmt::format("The temperature went from {:.0f} to {:.0f} °C, {:.0f} °C at most.",
                       *first_celsius, *last_celsius, *highest_celsius);
  if (last_celsius && !steady)
    out += " It was still rising: the machine may become slower than it was here.";
  if (last_mhz)
    out += fmt::format("{}The clock went from {:.0f} to {:.0f} MHz.", out.empty() ? "" : " ",
                       *first_mhz, *last_mhz);
  if (throttled)
    out += " The machine was throttled: it needs better cooling or a better power supply.";
  for (const std::string& sensor : ignored) out += fmt::format(" A sensor is ignored: {}.", sensor);
  return out;
}

HeatWatch::HeatWatch(fs::path root) : root_(std::move(root)), thread_([this] { run(); }) {}

HeatWatch::~HeatWatch() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

void HeatWatch::run() {
  bool ask_tool = root_ == "/sys";
  std::chrono::milliseconds every = kEvery;
  MutexLock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    HeatSample sample{passed.count(), read_heat(root_)};
    if (ask_tool && !sample.reading.pi_flags) sample.reading.pi_flags = ask_vcgencmd(ask_tool);
    lock.lock();
    if (add_sample(samples_, std::move(sample), kMostSamples)) every *= 2;
    changed_.wait_for(lock, every, [this]() OCTET_REQUIRES(mutex_) { return stop_; });
  }
}

HeatReport HeatWatch::report() const {
  const MutexLock lock(mutex_);
  return report_heat(samples_);
}

}  // namespace octet
