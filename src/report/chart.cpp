#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/text/json_text.h"
#include "report/html.h"

namespace octet {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Axis& axis) {
  ordered_json j{{"title", axis.title}};
  if (axis.low) j["low"] = *axis.low;
  if (axis.high) j["high"] = *axis.high;
  if (axis.whole) j["whole"] = true;
  if (axis.log) j["log"] = true;
  return j;
}

ordered_json to_json(const Series& series) {
  ordered_json j{{"name", series.name}, {"x", series.x}};
  if (!series.y.empty()) j["y"] = series.y;
  if (!series.names.empty()) j["names"] = series.names;
  if (!series.labels.empty()) j["labels"] = series.labels;
  if (series.joined) j["joined"] = true;
  return j;
}

// Inside a script element nothing but '<' can end it, or begin a comment.
std::string script_text(const ordered_json& data) {
  std::string out;
  for (const char c : dump_json(data)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "–";
}

// The page's script looks for this.
std::string figure(const std::string& title, const ordered_json& data, const std::string& table) {
  return fmt::format(
      "<figure class=\"chart\"><figcaption>{0}</figcaption>"
      "<div class=\"plot\"><canvas role=\"img\" aria-label=\"{0}\"></canvas></div>"
      "<script type=\"application/json\">{1}</script>{2}</figure>\n",
      html_escape(title), script_text(data), html_details("Figures", table));
}

// A row for each x, a column for each series.
std::string table_of_lines(const Chart& chart) {
  std::vector<std::string> head{chart.x.title};
  std::vector<std::vector<std::string>> rows;
  for (const Series& s : chart.series) {
    head.push_back(s.name);
    for (size_t i = rows.size(); i < s.x.size(); ++i) rows.push_back({number(s.x[i])});
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i].push_back(i < s.y.size() ? number(s.y[i]) : "");
  }
  return html_table(head, rows);
}

std::string table_of_points(const Chart& chart) {
  std::vector<std::vector<std::string>> rows;
  for (const Series& s : chart.series) {
    if (s.joined) continue;
    for (size_t i = 0; i < s.x.size(); ++i) {
      std::string name = i < s.labels.size() ? s.labels[i] + ". " : "";
      name += i < s.names.size() ? s.names[i] : s.name;
      rows.push_back({name, number(s.x[i]), number(s.y[i])});
    }
  }
  return html_table({"", chart.x.title, chart.y.title}, rows);
}

}  // namespace

Axis axis_over(std::string title, const std::vector<double>& values, double span) {
  Axis axis{.title = std::move(title)};
  if (values.empty()) return axis;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double lacks = std::max(0.0, span - (*most - *least));
  axis.low = *least >= 0 ? std::max(0.0, *least - lacks / 2) : *least - lacks / 2;
  axis.high = *most + lacks / 2;
  return axis;
}

std::string html_chart(const Chart& chart) {
  const bool lines = chart.kind == ChartKind::kLines;
  ordered_json data{{"kind", lines ? "lines" : "points"},
                    {"x", to_json(chart.x)},
                    {"y", to_json(chart.y)},
                    {"series", ordered_json::array()}};
  for (const Series& s : chart.series) data["series"].push_back(to_json(s));
  return figure(chart.title, data, lines ? table_of_lines(chart) : table_of_points(chart));
}

std::string html_bars(const std::string& title, const Axis& axis, const std::vector<Bar>& bars) {
  std::vector<std::string> names;
  BarSet set{.name = title, .values = {}};
  for (const Bar& bar : bars) {
    names.push_back(bar.name);
    set.values.push_back(bar.value);
  }
  return html_bar_sets(title, axis, names, {set});
}

std::string html_bar_sets(const std::string& title, const Axis& axis,
                          const std::vector<std::string>& names, const std::vector<BarSet>& sets) {
  ordered_json data{{"kind", "bars"}, {"x", to_json(axis)}, {"series", ordered_json::array()}};
  std::vector<std::string> head{""};
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : names) rows.push_back({name});
  for (const BarSet& set : sets) {
    data["series"].push_back(
        to_json(Series{.name = set.name, .x = set.values, .y = {}, .names = names, .labels = {}}));
    head.push_back(sets.size() == 1 ? axis.title : fmt::format("{}, {}", set.name, axis.title));
    for (size_t i = 0; i < names.size(); ++i) rows[i].push_back(number(set.values.at(i)));
  }
  return figure(title, data, html_table(head, rows));
}

std::string html_counts(const std::string& title, const std::vector<std::string>& labels,
                        const std::vector<std::vector<int>>& counts) {
  std::string out = fmt::format(
      "<figure><figcaption>{}</figcaption><div class=\"wide\"><table class=\"counts\">"
      "<thead><tr><th></th>",
      html_escape(title));
  for (const std::string& label : labels) out += fmt::format("<th>{}</th>", html_escape(label));
  out += "</tr></thead>\n";
  for (size_t r = 0; r < labels.size(); ++r) {
    const int sum = std::max(1, std::accumulate(counts[r].begin(), counts[r].end(), 0));
    out += fmt::format("<tr><th>{}</th>", html_escape(labels[r]));
    for (size_t c = 0; c < labels.size(); ++c) {
      const double share = static_cast<double>(counts[r][c]) / sum;
      out += fmt::format(R"(<td{} style="--share:{:.2f}" title="{}: {} × {}">{}</td>)",
                         share > 0.7 ? R"( class="strong")" : "", share, html_escape(labels[r]),
                         counts[r][c], html_escape(labels[c]), counts[r][c]);
    }
    out += "</tr>\n";
  }
  return out + "</table></div></figure>\n";
}

}  // namespace octet
