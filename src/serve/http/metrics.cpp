#include "serve/http/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "core/process.h"
#include "machine/machine.h"

namespace octet {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

struct Metric {
  const char *name, *type, *help;
  std::function<double(const CameraSummary&)> value;
};

void append(std::string& out, const Metric& m, const std::vector<CameraSummary>& cameras) {
  out += fmt::format("# HELP octet_{} {}\n# TYPE octet_{} {}\n", m.name, m.help, m.name, m.type);
  for (const CameraSummary& c : cameras)
    out += fmt::format("octet_{}{{camera=\"{}\"}} {}\n", m.name, escaped(c.name), m.value(c));
}

void append(std::string& out, const MqttStatus& m) {
  out += fmt::format(
      "# HELP octet_mqtt_connected 1 while the broker is there\n"
      "# TYPE octet_mqtt_connected gauge\noctet_mqtt_connected {}\n"
      "# HELP octet_mqtt_delivered_total messages that the broker acknowledged\n"
      "# TYPE octet_mqtt_delivered_total counter\noctet_mqtt_delivered_total {}\n"
      "# HELP octet_mqtt_waiting messages that wait for the broker\n"
      "# TYPE octet_mqtt_waiting gauge\noctet_mqtt_waiting {}\n"
      "# HELP octet_mqtt_lost_total messages that had to make room for newer ones\n"
      "# TYPE octet_mqtt_lost_total counter\noctet_mqtt_lost_total {}\n",
      m.connected ? 1 : 0, m.delivered, m.waiting, m.lost);
}

void append(std::string& out, const PoseStatus& p) {
  out += fmt::format(
      "# HELP octet_pose_people_total people whose keypoints were found, in all frames\n"
      "# TYPE octet_pose_people_total counter\noctet_pose_people_total {}\n"
      "# HELP octet_pose_skipped_total people who had to go without, in all frames\n"
      "# TYPE octet_pose_skipped_total counter\noctet_pose_skipped_total {}\n"
      "# HELP octet_pose_seconds_p50 time of one person, median since the start\n"
      "# TYPE octet_pose_seconds_p50 gauge\noctet_pose_seconds_p50 {}\n",
      p.people, p.skipped, p.time.quantile_ms(0.5) / 1000);
}

}  // namespace

Machine machine(const SystemFiles& files) {
  Machine m;
  std::ifstream statm("/proc/self/statm");
  long total = 0, resident = 0;
  if (statm >> total >> resident)
    m.rss_mb = static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
  if (const auto processor = processor_temperature(read_temperatures(files)))
    m.celsius = processor->celsius;
  return m;
}

std::string metrics_text(const std::vector<CameraSummary>& cameras,
                         const std::optional<MqttStatus>& mqtt, const SiteChanges& changes,
                         const std::optional<PoseStatus>& pose) {
  const Metric metrics[] = {
      {"camera_up", "gauge", "1 while frames come in",
       [](const auto& c) { return c.status.state == CameraState::kUp ? 1.0 : 0.0; }},
      {"frames_total", "counter", "frames that came in",
       [](const auto& c) { return static_cast<double>(c.status.frames); }},
      {"detected_total", "counter", "frames that were looked at",
       [](const auto& c) { return static_cast<double>(c.tally.detected); }},
      {"skipped_newer_total", "counter", "frames skipped because a newer one came",
       [](const auto& c) { return static_cast<double>(c.tally.skipped_newer); }},
      {"skipped_old_total", "counter", "frames skipped because they were too old",
       [](const auto& c) { return static_cast<double>(c.tally.skipped_old); }},
      {"failed_total", "counter", "frames on which the engine failed",
       [](const auto& c) { return static_cast<double>(c.tally.failed); }},
      {"openings_total", "counter", "how often the camera was opened",
       [](const auto& c) { return static_cast<double>(c.status.openings); }},
      {"age_seconds_p50", "gauge", "age of a result, median since the start",
       [](const auto& c) { return c.tally.age.quantile_ms(0.5) / 1000; }},
      {"age_seconds_p99", "gauge", "age of a result, 99th percentile since the start",
       [](const auto& c) { return c.tally.age.quantile_ms(0.99) / 1000; }},
      {"site_changes", "gauge", "ways in which the camera looks other than usual",
       [&](const auto& c) {
         const auto at = changes.find(c.name);
         return at == changes.end() ? 0.0 : static_cast<double>(at->second.size());
       }}};
  std::string out;
  for (const Metric& m : metrics) append(out, m, cameras);
  if (mqtt) append(out, *mqtt);
  if (pose) append(out, *pose);
  const Machine now = machine();
  out += fmt::format(
      "# HELP process_resident_memory_bytes resident memory\n"
      "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {:.0f}\n"
      "# HELP process_cpu_seconds_total processor time\n"
      "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {:.3f}\n",
      now.rss_mb * 1e6, process_usage().cpu.count() / 1000);
  if (now.celsius) {
    out += fmt::format(
        "# HELP octet_temperature_celsius of the processor\n"
        "# TYPE octet_temperature_celsius gauge\noctet_temperature_celsius {}\n",
        *now.celsius);
  }
  return out;
}

}  // namespace octet
