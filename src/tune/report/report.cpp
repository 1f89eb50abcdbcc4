#include "tune/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/chart.h"
#include "report/html.h"
#include "tune/choice/choose.h"
#include "tune/report/explain.h"

namespace octet {
namespace {

constexpr double kLeastSpan = 0.05;  // of accuracy: smaller differences have to look small
constexpr size_t kMostRows = 400;

std::string paragraph(const std::string& text) { return "<p>" + html_escape(text) + "</p>"; }

std::string headline(const TuneResult& r, const TuneGoals& goals) {
  std::string out =
      fmt::format("<p><b>Take {}</b>. Start it with <code>octet live --config {}</code>.</p>",
                  html_escape(r.chosen.configuration.text()), html_escape(r.config.string()));
  out += paragraph(fmt::format("Goal: {}. {}", goals.text(),
                               r.met              ? "It holds."
                               : r.interrupted    ? "The tuning was interrupted."
                               : r.advice.empty() ? "It was not seen to hold."
                                                  : "Not met: " + r.advice + "."));
  return out + paragraph("Accuracy: " + r.accuracy_kind + ".");
}

std::string check_table(const TuneResult& r) {
  const Figures& p = r.chosen.figures;
  std::vector<std::vector<std::string>> rows;
  const auto percent = [](double share) {  // without a sign of zero
    return fmt::format("{:+.0f} %", std::round(100 * share) + 0.0);
  };
  const auto row = [&](const std::string& name, double Figures::*member, int digits) {
    rows.push_back(
        {name, fmt::format("{:.{}f}", p.*member, digits),
         r.seen ? fmt::format("{:.{}f}", r.seen->figures.*member, digits) : "not run",
         r.seen && p.*member > 0 ? percent(r.seen->figures.*member / p.*member - 1) : ""});
  };
  row("detections a second", &Figures::fps, 1);
  row("results a second", &Figures::results_fps, 1);
  row("age of a result, p99, ms", &Figures::age_ms_p99, 0);
  row("processor, % of all cores", &Figures::cpu_percent, 0);
  row("processor time of a result, ms", &Figures::cpu_ms, 1);
  if (p.watts > 0 || (r.seen && r.seen->figures.watts > 0)) row("watts", &Figures::watts, 1);
  const std::string length =
      r.seen
          ? fmt::format("The chosen configuration ran for {:.0f} s at the end, as it is written.",
                        r.seen->seconds)
          : "The chosen configuration did not run at the end.";
  return "<h2>Predicted and seen</h2>" + paragraph(length) +
         html_table({"", "predicted", "seen", "difference"}, rows) + paragraph(r.heat.text());
}

std::string number_of(const TuneResult& r, size_t index) {
  const bool chosen = r.points[index].configuration == r.chosen.configuration;
  return std::to_string(index + 1) + (chosen ? "*" : "");
}

Series series_of(const TuneResult& r, Evidence evidence, const std::string& name) {
  Series series{.name = name};
  for (size_t i = 0; i < r.points.size(); ++i) {
    const TunePoint& p = r.points[i];
    if (p.evidence != evidence || !p.failed.empty() || !p.accuracy || p.figures.cpu_ms <= 0)
      continue;
    series.x.push_back(p.figures.cpu_ms);
    series.y.push_back(*p.accuracy);
    series.names.push_back(fmt::format("{}. {}", i + 1, p.configuration.text()));
    // Numbers of the many that are predicted would cover each other.
    series.labels.push_back(evidence == Evidence::kLive ? number_of(r, i) : "");
  }
  return series;
}

std::string curve(const TuneResult& r) {
  Chart chart{.kind = ChartKind::kPoints, .title = "Accuracy against processor time"};
  std::vector<double> all;
  for (const TunePoint& p : r.points) {
    if (p.accuracy) all.push_back(*p.accuracy);
  }
  if (all.empty()) return paragraph("There is no curve, since no accuracy is known.");
  for (Series series : {series_of(r, Evidence::kLive, "ran with octet live"),
                        series_of(r, Evidence::kLooked, "looked at"),
                        series_of(r, Evidence::kPredicted, "predicted")}) {
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  Series front{.name = "nothing is both cheaper and more accurate", .joined = true};
  for (const size_t i : pareto_front(r.points)) {
    front.x.push_back(r.points[i].figures.cpu_ms);
    front.y.push_back(*r.points[i].accuracy);
  }
  chart.series.push_back(std::move(front));
  chart.x.title = "processor time of a result, ms";
  chart.x.low = 0;
  chart.y = axis_over("accuracy", all, kLeastSpan);
  return html_chart(chart) + "<p>A number is a row of the table. A star is the choice.</p>";
}

std::string points_table(const TuneResult& r) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < std::min(r.points.size(), kMostRows); ++i) {
    const TunePoint& p = r.points[i];
    const Figures& f = p.figures;
    rows.push_back({number_of(r, i), p.configuration.text(),
                    !p.failed.empty()               ? "failed"
                    : p.evidence == Evidence::kLive ? fmt::format("live, {:.0f} s", p.seconds)
                                                    : evidence_name(p.evidence),
                    fmt::format("{:.1f}", f.fps), fmt::format("{:.1f}", f.results_fps),
                    fmt::format("{:.0f}", f.age_ms_p99), fmt::format("{:.0f}", f.cpu_percent),
                    fmt::format("{:.1f}", f.cpu_ms),
                    p.accuracy ? fmt::format("{:.3f}", *p.accuracy) : "", p.ran_in});
  }
  const size_t more = r.points.size() - rows.size();
  return "<h2>Every point</h2>" +
         (more > 0 ? paragraph(fmt::format("The JSON of --json has {} more.", more)) : "") +
         html_table(
             {"", "configuration", "how it is known", "detections a second", "results a second",
              "age p99, ms", "processor, %", "ms a result", "accuracy", "ran in"},
             rows);
}

std::string left_out(const TuneResult& r) {
  if (r.not_tried.empty()) return {};
  std::string list;
  for (const std::string& text : r.not_tried) list += "<li>" + html_escape(text) + "</li>";
  return fmt::format("<h2>Not tried, or not to the end</h2>{}",
                     html_details(fmt::format("{} configurations or choices", r.not_tried.size()),
                                  "<ul>" + list + "</ul>"));
}

}  // namespace

std::string tune_page(const TuneResult& r, const TuneGoals& goals, const std::string& config,
                      const Facts& facts) {
  return html_page("octet tune", headline(r, goals) + check_table(r) + curve(r) + points_table(r) +
                                     left_out(r) + "<h2>The configuration</h2><pre>" +
                                     html_escape(config) + "</pre>" + facts_table(facts));
}

}  // namespace octet
