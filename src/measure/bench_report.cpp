#include <fmt/format.h>

#include <algorithm>

#include "core/numeric/quantile.h"
#include "core/output.h"
#include "detect/artifact.h"
#include "measure/bench.h"
#include "report/chart.h"
#include "report/html.h"

namespace octet {
namespace {
using nlohmann::ordered_json;
namespace fs = std::filesystem;

std::vector<double> of_runs(const std::vector<ordered_json>& runs, const char* field) {
  std::vector<double> values;
  for (const ordered_json& r : runs) values.push_back(r[field].get<double>());
  return values;
}

struct Column {
  const char* name;   // on a terminal
  const char* title;  // on a page
  std::string (*text)(const ordered_json& row);
};

std::string number(const ordered_json& row, const char* field, int digits) {
  return row.contains(field) ? fmt::format("{:.{}f}", row[field].get<double>(), digits) : "";
}

const Column kColumns[] = {
    {"file", "file",
     [](const ordered_json& r) {
       const fs::path path = r["model"].get<std::string>();
       return path.has_filename() ? path.filename().string() : path.string();
     }},
    {"engine", "engine", [](const ordered_json& r) { return r["engine"].get<std::string>(); }},
    {"size", "input size",
     [](const ordered_json& r) {
       return fmt::format("{}x{}", r["imgsz"][0].get<int>(), r["imgsz"][1].get<int>());
     }},
    {"thr", "threads",
     [](const ordered_json& r) { return std::to_string(r["threads"].get<int>()); }},
    {"ran in", "computed in",
     [](const ordered_json& r) { return r["precision"].get<std::string>(); }},
    {"p50 ms", "p50, ms", [](const ordered_json& r) { return number(r, "ms_p50", 2); }},
    {"runs", "p50 of the runs, ms",
     [](const ordered_json& r) {
       return fmt::format("{:.1f}-{:.1f}", r["ms_p50_runs"][0].get<double>(),
                          r["ms_p50_runs"][1].get<double>());
     }},
    {"p90", "p90, ms", [](const ordered_json& r) { return number(r, "ms_p90", 2); }},
    {"p99", "p99, ms", [](const ordered_json& r) { return number(r, "ms_p99", 2); }},
    {"fps", "images a second", [](const ordered_json& r) { return number(r, "fps", 1); }},
    {"mAP", "mAP50-95", [](const ordered_json& r) { return number(r, "map50_95", 4); }},
    {"MB", "file, MB",
     [](const ordered_json& r) { return fmt::format("{:.2f}", r["bytes"].get<double>() / 1e6); }},
    {"RSS", "memory, MB", [](const ordered_json& r) { return number(r, "rss_mb", 0); }},
    {"start s", "start, s",
     [](const ordered_json& r) {
       return fmt::format("{:.2f}", r["start_ms"].get<double>() / 1e3);
     }},
    {"CPU ms", "processor, ms an image",
     [](const ordered_json& r) { return number(r, "cpu_ms_per_frame", 1); }},
    {"J", "joules an image",
     [](const ordered_json& r) { return number(r, "joules_per_frame", 3); }},
    {"net J", "joules an image, without those of the idle machine",
     [](const ordered_json& r) { return number(r, "net_joules_per_frame", 3); }},
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
                   {"ms_p50", median(all)},
                   {"ms_p90", quantile(all, 0.9)},
                   {"ms_p99", quantile(all, 0.99)},
                   {"ms_p50_runs", {*low, *high}},
                   {"fps", 1e3 / median(all)},
                   {"bytes", bytes_of_model(bench.model)},
                   {"rss_mb", median(of_runs(runs, "rss_mb"))},
                   {"start_ms", median(of_runs(runs, "start_ms"))},
                   {"cpu_ms_per_frame", median(of_runs(runs, "cpu_ms_per_frame"))}};
  if (runs[0].contains("energy_meter")) row["energy_meter"] = runs[0]["energy_meter"];
  for (const char* field : {"idle_watts", "joules_per_frame", "net_joules_per_frame"})
    if (runs[0].contains(field)) row[field] = median(of_runs(runs, field));
  return row;
}

namespace {

// The head and a line a row, without columns that no row has anything for.
std::vector<std::vector<std::string>> table_of(const ordered_json& rows,
                                               const char* Column::*head) {
  std::vector<std::vector<std::string>> table(rows.size() + 1);
  for (const Column& c : kColumns) {
    std::vector<std::string> cells{c.*head};
    for (const ordered_json& row : rows) cells.push_back(c.text(row));
    if (std::all_of(cells.begin() + 1, cells.end(), [](const auto& t) { return t.empty(); }))
      continue;
    for (size_t i = 0; i < cells.size(); ++i) table[i].push_back(cells[i]);
  }
  return table;
}

constexpr double kLeastSpan = 0.05;  // of mAP: smaller differences have to look small
constexpr double kWide = 20;         // times that differ by more are on a logarithmic axis

// A row's place in the plot.
struct BenchPoint {
  std::string number, name, engine;
  double ms = 0, map = 0;
};

// "TensorFlow Lite 2.21" without its version.
std::string engine_name(const ordered_json& row) {
  const auto engine = row["engine"].get<std::string>();
  return engine.substr(0, engine.rfind(' '));
}

std::string row_name(const ordered_json& row) {
  return fmt::format("{}, {}, {}x{}, {} threads", kColumns[0].text(row), engine_name(row),
                     row["imgsz"][0].get<int>(), row["imgsz"][1].get<int>(),
                     row["threads"].get<int>());
}

// Those that no other one beats in both time and mAP, the fastest first.
Series best_of(const std::vector<BenchPoint>& points) {
  std::vector<BenchPoint> best;
  for (const BenchPoint& p : points) {
    const bool beaten = std::any_of(points.begin(), points.end(), [&](const BenchPoint& o) {
      return o.ms <= p.ms && o.map >= p.map && (o.ms < p.ms || o.map > p.map);
    });
    if (!beaten) best.push_back(p);
  }
  std::sort(best.begin(), best.end(),
            [](const BenchPoint& a, const BenchPoint& b) { return a.ms < b.ms; });
  Series line{.name = "no row is both faster and more accurate", .joined = true};
  for (const BenchPoint& p : best) {
    line.x.push_back(p.ms);
    line.y.push_back(p.map);
  }
  return line;
}

// A series for each engine, the points numbered as the rows of the table are.
std::string map_against_time(const std::vector<BenchPoint>& points) {
  Chart chart{.kind = ChartKind::kPoints, .title = "Accuracy against time"};
  std::vector<double> times, maps;
  for (const BenchPoint& p : points) {
    times.push_back(p.ms);
    maps.push_back(p.map);
    auto at = std::find_if(chart.series.begin(), chart.series.end(),
                           [&](const Series& s) { return s.name == p.engine; });
    if (at == chart.series.end()) at = chart.series.insert(at, Series{.name = p.engine});
    at->x.push_back(p.ms);
    at->y.push_back(p.map);
    at->labels.push_back(p.number);
    at->names.push_back(p.name);
  }
  chart.series.push_back(best_of(points));
  const auto [least, most] = std::minmax_element(times.begin(), times.end());
  chart.x.title = "time of an inference (p50), ms";
  chart.x.log = *most > *least * kWide;
  if (!chart.x.log) chart.x.low = 0;
  chart.y = axis_over("mAP50-95", maps, kLeastSpan);
  return html_chart(chart) +
         fmt::format("<p>A number is a row of the table. mAP50-95 is from {:.4f} to {:.4f}.</p>",
                     *std::min_element(maps.begin(), maps.end()),
                     *std::max_element(maps.begin(), maps.end()));
}

std::string chart_of(const ordered_json& rows) {
  std::vector<BenchPoint> points;
  std::vector<Bar> times;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ordered_json& row = rows[i];
    const auto ms = row["ms_p50"].get<double>();
    times.push_back({fmt::format("{}. {}", i + 1, kColumns[0].text(row)), ms});
    if (row.contains("map50_95"))
      points.push_back({std::to_string(i + 1), row_name(row), engine_name(row), ms,
                        row["map50_95"].get<double>()});
  }
  if (!points.empty()) return map_against_time(points);
  return html_bars("Time of an inference (p50)", {.title = "ms", .low = 0}, times);
}

}  // namespace

void print_bench(const ordered_json& rows) {
  const auto table = table_of(rows, &Column::name);
  std::vector<size_t> widths(table[0].size());
  for (const auto& line : table) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  for (const auto& line : table) {
    for (size_t c = 0; c < line.size(); ++c) print_out("{:<{}}  ", line[c], widths[c]);
    print_out("\n");
  }
}

std::string bench_page(const ordered_json& rows, const Facts& facts) {
  auto lines = table_of(rows, &Column::title);
  for (size_t i = 0; i < lines.size(); ++i)
    lines[i].insert(lines[i].begin(), i == 0 ? "" : std::to_string(i));
  const std::vector<std::string> head = lines[0];
  lines.erase(lines.begin());
  return html_page("octet bench",
                   chart_of(rows) + html_table(head, lines) +
                       "<p>Times are of the inference alone. Each run is a process of its own. The "
                       "runs of all rows alternate. p50 is the median over the images of all "
                       "runs.</p>" +
                       facts_table(facts));
}

}  // namespace octet
