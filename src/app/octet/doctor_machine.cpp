#include "app/octet/doctor_machine.h"

#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <cmath>
#include <vector>

#include "core/output.h"
#include "machine/cameras.h"
#include "machine/machine.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

constexpr size_t kShownSizes = 4;  // of a format

std::string system_name() {
  utsname name{};
  return ::uname(&name) == 0 ? fmt::format("{} {} {}", name.sysname, name.release, name.machine)
                             : "unknown";
}

ordered_json to_json(const FoundCamera& camera) {
  auto formats = ordered_json::array();
  for (const CameraFormat& f : camera.formats) {
    auto sizes = ordered_json::array();
    for (const CameraSize& s : f.sizes)
      sizes.push_back({{"size", {s.size.width, s.size.height}}, {"fps", s.fps}});
    formats.push_back({{"format", f.name}, {"sizes", std::move(sizes)}});
  }
  ordered_json j{{"device", camera.device}, {"name", camera.name}, {"formats", std::move(formats)}};
  if (!camera.reason.empty()) j["reason"] = camera.reason;
  return j;
}

double megabytes(int64_t bytes) { return std::round(static_cast<double>(bytes) / 1e5) / 10; }

// "512 kB", "24 MB".
std::string binary_size(int64_t bytes) {
  return bytes % (1 << 20) == 0 ? fmt::format("{} MB", bytes >> 20)
                                : fmt::format("{} kB", bytes >> 10);
}

void print_camera(const ordered_json& camera) {
  std::vector<std::string> formats;
  for (const auto& f : camera["formats"]) {
    std::vector<std::string> sizes;
    for (const auto& s : f["sizes"]) {
      if (sizes.size() == kShownSizes) {
        sizes.emplace_back("…");
        break;
      }
      const auto fps = s["fps"].get<double>();
      sizes.push_back(fmt::format("{}x{}{}", s["size"][0].get<int>(), s["size"][1].get<int>(),
                                  fps > 0 ? fmt::format(" at {:.3g} fps", fps) : ""));
    }
    formats.push_back(fmt::format("{} {}", f["format"].get<std::string>(), fmt::join(sizes, ", ")));
  }
  print_out("camera     {}: {}: {}\n", camera["device"].get<std::string>(),
            camera["name"].get<std::string>(),
            camera.contains("reason") ? camera["reason"].get<std::string>()
                                      : fmt::format("{}", fmt::join(formats, "; ")));
}

void print_clock(const ordered_json& clock) {
  const auto mhz = [&](const char* key) { return clock[key].get<int>(); };
  const bool limited = mhz("allowed_mhz") > 0 && mhz("allowed_mhz") < mhz("most_mhz");
  print_out("clock      cores {}: {} of {} MHz{}, governor {}\n", clock["cores"].get<std::string>(),
            mhz("mhz"), mhz("most_mhz"),
            limited ? fmt::format(", limited to {}", mhz("allowed_mhz")) : "",
            clock["governor"].get<std::string>());
}

}  // namespace

ordered_json describe_load(const SystemFiles& files) {
  ordered_json j{{"clocks", ordered_json::array()}, {"temperatures", ordered_json::array()}};
  for (const ProcessorClock& c : read_clocks(files))
    j["clocks"].push_back({{"cores", c.cores},
                           {"governor", c.governor},
                           {"mhz", c.mhz},
                           {"allowed_mhz", c.allowed_mhz},
                           {"most_mhz", c.most_mhz}});
  for (const Temperature& t : read_temperatures(files))
    j["temperatures"].push_back({{"sensor", t.sensor}, {"celsius", t.celsius}});
  return j;
}

ordered_json describe_machine(const SystemFiles& files) {
  ordered_json j{{"system", system_name()}};
  if (const auto m = read_memory(files))
    j["memory"] = {{"total_mb", megabytes(m->total)}, {"available_mb", megabytes(m->available)}};
  j["caches"] = ordered_json::array();
  for (const ProcessorCache& c : read_caches(files))
    j["caches"].push_back({{"name", c.name}, {"bytes", c.bytes}});
  j.update(describe_load(files));
  j["cameras"] = ordered_json::array();
  for (const FoundCamera& camera : find_cameras(files)) j["cameras"].push_back(to_json(camera));
  return j;
}

void print_load(const ordered_json& load) {
  for (const auto& clock : load["clocks"]) print_clock(clock);
  std::vector<std::string> sensors;
  for (const auto& t : load["temperatures"])
    sensors.push_back(
        fmt::format("{} {:.1f} °C", t["sensor"].get<std::string>(), t["celsius"].get<double>()));
  if (!sensors.empty()) print_out("heat       {}\n", fmt::join(sensors, ", "));
}

void print_machine(const ordered_json& machine) {
  print_out("system     {}\n", machine["system"].get<std::string>());
  if (machine.contains("memory"))
    print_out("memory     {:.0f} MB, {:.0f} MB of it available\n",
              machine["memory"]["total_mb"].get<double>(),
              machine["memory"]["available_mb"].get<double>());
  std::vector<std::string> list;
  for (const auto& c : machine["caches"])
    list.push_back(
        fmt::format("{} {}", c["name"].get<std::string>(), binary_size(c["bytes"].get<int64_t>())));
  if (!list.empty()) print_out("caches     {}\n", fmt::join(list, ", "));
  print_load(machine);
  for (const auto& camera : machine["cameras"]) print_camera(camera);
  if (machine["cameras"].empty()) print_out("camera     none at /dev/video*\n");
}

}  // namespace octet
