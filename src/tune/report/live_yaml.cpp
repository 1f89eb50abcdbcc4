#include "tune/report/live_yaml.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/text/clean_text.h"
#include "core/text/json_text.h"
#include "live/policy/frame_policy.h"

namespace octet {
namespace {

// YAML reads JSON's strings.
std::string quoted(const std::string& text) { return dump_json(nlohmann::json(text)); }

// Lines with their reason.
class Lines {
 public:
  explicit Lines(const LiveYaml& yaml) : yaml_(yaml) {
    for (const std::string& line : yaml.head) text_ += "# " + clean_text(line) + "\n";
  }
  void add(const std::string& key, const std::string& value) {
    const auto reason = yaml_.reasons.find(key);
    text_ += key + ": " + value;
    if (reason != yaml_.reasons.end()) text_ += "  # " + clean_text(reason->second);
    text_ += "\n";
  }
  void add_line(const std::string& line) { text_ += line + "\n"; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const LiveYaml& yaml_;
  std::string text_;
};

}  // namespace

std::string live_yaml(const LiveYaml& yaml) {
  const Configuration& c = yaml.configuration;
  Lines lines(yaml);
  lines.add("model", quoted(std::filesystem::absolute(c.model).string()));
  lines.add("engine", c.engine);
  if (c.side) lines.add("imgsz", std::to_string(*c.side));
  lines.add("threads", std::to_string(c.threads));
  lines.add("precision", c.precision);
  lines.add("skip", c.skip == kAutoSkip ? "auto" : std::to_string(c.skip));
  lines.add("motion-gate", c.motion_gate ? "true" : "false");
  if (yaml.goals.age_ms) lines.add("max-age-ms", fmt::format("{:.0f}", *yaml.goals.age_ms));
  if (yaml.goals.cpu_percent && yaml.holds_limit)
    lines.add("cpu-budget", fmt::format("{:g}", *yaml.goals.cpu_percent));
  if (yaml.footage.realtime) lines.add("realtime", "true");
  lines.add_line("sources:");
  const auto reason = yaml.reasons.find("sources");
  if (reason != yaml.reasons.end()) lines.add_line("  # " + clean_text(reason->second));
  lines.add_line("  camera: " + quoted(yaml.footage.address));
  return lines.text();
}

}  // namespace octet
