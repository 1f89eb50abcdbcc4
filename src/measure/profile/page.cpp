#include <fmt/format.h>

#include "measure/profile/report.h"
#include "report/chart.h"
#include "report/html.h"

namespace octet {
namespace {

std::string paragraph(const std::string& text) { return "<p>" + html_escape(text) + "</p>\n"; }

std::string optional_percent(std::optional<double> share) {
  return share ? fmt::format("{:.0f}", 100 * *share) : "";
}

std::string phases_of(const Profile& p) {
  std::vector<Bar> bars;
  for (const Phase& phase : p.phases) bars.push_back({phase.name, phase.ms});
  return html_bars("A frame", {.title = "ms", .low = 0}, bars);
}

std::string layers_table(const Profile& p) {
  std::vector<std::string> head{"layer",     "ms",   "%",      "computed in",       "GOP/s",
                                "% of peak", "type", "kernel", "name in the engine"};
  std::vector<std::vector<std::string>> rows;
  for (const ProfiledLayer& layer : p.layers) {
    rows.push_back({shown_name(layer), fmt::format("{:.3f}", 1e3 * layer.time.seconds),
                    fmt::format("{:.1f}", 100 * layer.share), layer.time.precision,
                    layer.gops > 0 ? fmt::format("{:.1f}", layer.gops) : "",
                    optional_percent(layer.of_peak), layer.time.type, layer.time.kernel,
                    layer.time.name});
    if (p.cut) rows.back().push_back(layer.alone_ms ? fmt::format("{:.3f}", *layer.alone_ms) : "");
  }
  if (p.cut) head.emplace_back("alone, ms");
  return html_table(head, rows);
}

std::string fallbacks_table(const Profile& p) {
  std::vector<std::vector<std::string>> rows;
  for (const ProfiledLayer& layer : p.layers) {
    if (!layer.time.fallback.empty())
      rows.push_back({shown_name(layer), fmt::format("{:.3f}", 1e3 * layer.time.seconds),
                      layer.time.precision, layer.time.fallback});
  }
  if (rows.empty()) return "";
  return "<h2>Fell back to slower arithmetic</h2>\n" +
         html_table({"layer", "ms", "computed in", "reason"}, rows);
}

std::string network_of(const Profile& p) {
  std::vector<Bar> bars;
  for (const ProfiledLayer& layer : p.layers)
    bars.push_back({shown_name(layer), 1e3 * layer.time.seconds});
  std::string out = "<h2>" + html_escape(short_name(p)) + "</h2>\n" + phases_of(p) +
                    html_bars("Layers along the network", {.title = "ms", .low = 0}, bars) +
                    paragraph(sum_text(p) + ".");
  for (const Peak& peak : p.peaks) out += paragraph(peak_text(peak) + ".");
  return out + html_details("Layers", layers_table(p)) + fallbacks_table(p);
}

std::string comparison_of(const Profile& first, const Profile& second) {
  std::vector<std::string> names;
  BarSet a{.name = short_name(first), .values = {}}, b{.name = short_name(second), .values = {}};
  if (a.name == b.name) b.name += " (compared)";
  for (const ComparedBlock& block : compare_blocks(first, second)) {
    names.push_back(block.name);
    a.values.push_back(block.first_ms.value_or(0));
    b.values.push_back(block.second_ms.value_or(0));
  }
  return "<h2>Side by side</h2>\n" +
         html_bar_sets("Blocks along the network", {.title = "ms", .low = 0}, names, {a, b}) +
         paragraph(
             "A block is a convolution with its activation, or another node. Engines divide a "
             "network in different ways, so a layer counts for the first block that it "
             "computes.");
}

}  // namespace

std::string profile_page(const Profile& first, const Profile* second, const Facts& facts) {
  std::string body;
  if (second != nullptr) body += comparison_of(first, *second);
  body += network_of(first);
  if (second != nullptr) body += network_of(*second);
  return html_page("octet profile", body + facts_table(facts));
}

}  // namespace octet
