#include "serve/http/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "core/file.h"
#include "testing/recorded_tree.h"

namespace octet {
namespace {

using nlohmann::json;

std::set<std::string> names_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    names.insert((*at)[1].str());
  return names;
}

// The expressions of a dashboard's panels, also of those in rows.
void collect_expressions(const json& node, std::vector<std::string>& out) {
  if (node.is_object() && node.contains("expr")) out.push_back(node["expr"].get<std::string>());
  if (!node.is_structured()) return;
  for (const json& child : node) collect_expressions(child, out);
}

TEST(Metrics, GrafanasDashboardAsksForThoseThatThereAre) {
  const std::string text = metrics_text({CameraSummary{.name = "yard"}}, MqttStatus{});
  const std::set<std::string> there = names_in(text, std::regex("\n# TYPE ([a-z0-9_]+) "));
  const json dashboard =
      json::parse(read_text_file(OCTET_SOURCE_DIR "/packaging/grafana/octet.json"));
  std::vector<std::string> expressions;
  collect_expressions(dashboard, expressions);
  EXPECT_GE(expressions.size(), 8U);
  for (const std::string& expression : expressions) {
    const auto asked = names_in(expression, std::regex("\\b((?:octet|process)_[a-z0-9_]+)"));
    EXPECT_FALSE(asked.empty()) << expression;
    for (const std::string& name : asked) EXPECT_TRUE(there.contains(name)) << expression;
  }
  for (const char* shown : {"octet_camera_up", "octet_detected_total", "octet_age_seconds_p99",
                            "octet_skipped_newer_total", "process_resident_memory_bytes"})
    EXPECT_THAT(expressions, testing::Contains(testing::HasSubstr(shown)));
}

// Type by name; with a star where it is not of one camera.
using Figures = std::map<std::string, std::string>;

Figures figures_in(const std::string& text) {
  Figures out;
  const std::regex type("# TYPE ([a-z0-9_]+) ([a-z]+)\n");
  for (std::sregex_iterator at(text.begin(), text.end(), type), end; at != end; ++at) {
    const std::string name = (*at)[1];
    const bool of_camera = text.find("\n" + name + "{camera=") != std::string::npos;
    out[name] = (*at)[2].str() + (of_camera ? "" : " *");
  }
  return out;
}

Figures figures_of_page(const std::string& page) {
  Figures out;
  const std::regex row("\n\\| (`(?:octet|process)_[^|]*)\\| ([a-z]+) \\|");
  for (std::sregex_iterator at(page.begin(), page.end(), row), end; at != end; ++at) {
    const std::string cell = (*at)[1];
    for (const std::string& name : names_in(cell, std::regex("`([a-z0-9_]+)`")))
      out[name] = (*at)[2].str() + (cell.find('*') == std::string::npos ? "" : " *");
  }
  return out;
}

TEST(Metrics, TheReferenceHasAllOfThem) {
  Figures there = figures_in(
      metrics_text({CameraSummary{.name = "yard"}}, MqttStatus{}, SiteChanges{}, PoseStatus{}));
  there["octet_temperature_celsius"] = "gauge *";  // on machines that tell it
  EXPECT_EQ(figures_of_page(read_text_file(OCTET_SOURCE_DIR "/docs/reference/http.md")), there);
}

TEST(Metrics, TellOfAPoseNetworkWhereThereIsOne) {
  EXPECT_EQ(metrics_text({}, {}).find("octet_pose"), std::string::npos);
  const PoseStatus pose{.network = "movenet.onnx", .frames = 2, .people = 6, .skipped = 3};
  const std::string text = metrics_text({}, {}, {}, pose);
  EXPECT_THAT(text, testing::HasSubstr("\noctet_pose_people_total 6\n"));
  EXPECT_THAT(text, testing::HasSubstr("\noctet_pose_skipped_total 3\n"));
  EXPECT_EQ(to_json(pose)["people_per_frame"], 3);
  EXPECT_EQ(to_json(pose)["network"], "movenet.onnx");
}

// The first zone of many machines is that of their case.
TEST(Metrics, TheTemperatureIsThatOfTheProcessor) {
  const RecordedTree tree(OCTET_SOURCE_DIR "/tests/data/machine/pc.txt");
  EXPECT_EQ(machine(SystemFiles(tree.root())).celsius, 62);
  EXPECT_FALSE(machine(SystemFiles("/no/such/root")).celsius);
}

}  // namespace
}  // namespace octet
