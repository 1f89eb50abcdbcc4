#include <fmt/format.h>

#include <algorithm>

#include "core/numeric/quantile.h"
#include "core/output.h"
#include "detect/artifact.h"
#include "measure/bench.h"
#include "report/html.h"

namespace octet {
namespace {
using nlohmann::ordered_json;
namespace fs = std::filesystem;

double median(std::vector<double> values) { return quantile(values, 0.5); }

std::vector<double> of_runs(const std::vector<ordered_json>& runs, const char* field) {
  std::vector<double> values;
  for (const ordered_json& r : runs) values.push_back(r[field].get<double>());
  return values;
}

struct Column {
  const char* name;
  std::string (*text)(const ordered_json& row);
};

std::string number(const ordered_json& row, const char* field, int digits) {
  return row.contains(field) ? fmt::format("{:.{}f}", row[field].get<double>(), digits) : "";
}

const Column kColumns[] = {
    {"file",
     [](const ordered_json& r) {
       const fs::path path = r["model"].get<std::string>();
       return path.has_filename() ? path.filename().string() : path.string();
     }},
    {"engine", [](const ordered_json& r) { return r["engine"].get<std::string>(); }},
    {"size",
     [](const ordered_json& r) {
       return fmt::format("{}x{}", r["imgsz"][0].get<int>(), r["imgsz"][1].get<int>());
     }},
    {"thr", [](const ordered_json& r) { return std::to_string(r["threads"].get<int>()); }},
    {"ran in", [](const ordered_json& r) { return r["precision"].get<std::string>(); }},
    {"p50 ms", [](const ordered_json& r) { return number(r, "ms_p50", 2); }},
    {"runs",
     [](const ordered_json& r) {
       return fmt::format("{:.1f}-{:.1f}", r["ms_p50_runs"][0].get<double>(),
                          r["ms_p50_runs"][1].get<double>());
     }},
    {"p90", [](const ordered_json& r) { return number(r, "ms_p90", 2); }},
    {"p99", [](const ordered_json& r) { return number(r, "ms_p99", 2); }},
    {"fps", [](const ordered_json& r) { return number(r, "fps", 1); }},
    {"mAP", [](const ordered_json& r) { return number(r, "map50_95", 4); }},
    {"MB",
     [](const ordered_json& r) { return fmt::format("{:.2f}", r["bytes"].get<double>() / 1e6); }},
    {"RSS", [](const ordered_json& r) { return number(r, "rss_mb", 0); }},
    {"start s",
     [](const ordered_json& r) {
       return fmt::format("{:.2f}", r["start_ms"].get<double>() / 1e3);
     }},
    {"CPU ms", [](const ordered_json& r) { return number(r, "cpu_ms_per_frame", 1); }},
    {"J", [](const ordered_json& r) { return number(r, "joules_per_frame", 3); }},
};

}  // namespace

ordered_json summarize_bench(const BenchCase& bench, const std::vector<ordered_json>& runs) {
  std::vector<double> all;
  std::vector<double> medians;
  for (const ordered_json& r : runs) {
    const auto times = r["inference_ms"].get<std::vector<double>>();
    all.insert(all.end(), times.begin(), times.end());
    medians.push_back(median(times));
  }
  const auto [low, high] = std::minmax_element(medians.begin(), medians.end());
  ordered_json row{{"model", bench.model},
                   {"engine", runs[0]["engine"]},
                   {"device", runs[0]["device"]},
                   {"precision", runs[0]["precision"]},
                   {"imgsz", runs[0]["imgsz"]},
                   {"threads", runs[0]["threads"]},
                   {"frames", all.size()},
                   {"ms_p50", quantile(all, 0.5)},
                   {"ms_p90", quantile(all, 0.9)},
                   {"ms_p99", quantile(all, 0.99)},
                   {"ms_p50_runs", {*low, *high}},
                   {"fps", 1e3 / quantile(all, 0.5)},
                   {"bytes", bytes_of_model(bench.model)},
                   {"rss_mb", median(of_runs(runs, "rss_mb"))},
                   {"start_ms", median(of_runs(runs, "start_ms"))},
                   {"cpu_ms_per_frame", median(of_runs(runs, "cpu_ms_per_frame"))}};
  if (runs[0].contains("joules_per_frame"))
    row["joules_per_frame"] = median(of_runs(runs, "joules_per_frame"));
  return row;
}

namespace {

// The head and a line a row, without columns that no row has anything for.
std::vector<std::vector<std::string>> table_of(const ordered_json& rows) {
  std::vector<std::vector<std::string>> table(rows.size() + 1);
  for (const Column& c : kColumns) {
    std::vector<std::string> cells{c.name};
    for (const ordered_json& row : rows) cells.push_back(c.text(row));
    if (std::all_of(cells.begin() + 1, cells.end(), [](const auto& t) { return t.empty(); }))
      continue;
    for (size_t i = 0; i < cells.size(); ++i) table[i].push_back(cells[i]);
  }
  return table;
}

}  // namespace

void print_bench(const ordered_json& rows) {
  const auto table = table_of(rows);
  std::vector<size_t> widths(table[0].size());
  for (const auto& line : table) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  for (const auto& line : table) {
    for (size_t c = 0; c < line.size(); ++c) print_out("{:<{}}  ", line[c], widths[c]);
    print_out("\n");
  }
}

std::string bench_page(const ordered_json& rows) {
  auto lines = table_of(rows);
  const std::vector<std::string> head = lines[0];
  lines.erase(lines.begin());
  std::vector<PlotPoint> points;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ordered_json& row = rows[i];
    if (!row.contains("map50_95")) continue;
    const auto engine = row["engine"].get<std::string>();
    points.push_back({lines[i][0] + " " + engine.substr(0, engine.rfind(' ')),
                      row["ms_p50"].get<double>(), row["map50_95"].get<double>()});
  }
  std::string body;
  if (!points.empty())
    body += scatter_chart("mAP50-95 against time", "milliseconds an inference, p50", points);
  body += html_table(head, lines);
  if (!rows.empty()) {
    body +=
        "<p>Times are of the inference alone. Every run is a process of its own; runs of all "
        "rows alternate, 'runs' is the least and the largest p50 of them. " +
        html_escape(rows[0]["device"].get<std::string>()) + ".</p>";
  }
  return html_page("octet bench", body);
}

}  // namespace octet
