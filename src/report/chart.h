// Charts as data. A page draws them with Chart.js (page/charts.js), and has every figure of them as a
// table too, folded away, for readers without scripts.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace octet {

struct Axis {
  std::string title;                // with its unit
  std::optional<double> low, high;  // both are on the axis, which may reach further
  bool whole = false;               // has no numbers between integers
  bool log = false;
};

// An axis over these values that reaches over `span` at least, so that small differences look small.
[[nodiscard]] Axis axis_over(std::string title, const std::vector<double>& values, double span);

struct Series {
  std::string name;
  std::vector<double> x, y;         // as many of both
  std::vector<std::string> names;   // of its points, shown at hover; none: they have none
  std::vector<std::string> labels;  // of its points, short, written beside them
  bool joined = false;              // among points: a dashed line instead of points
};

enum class ChartKind { kLines, kPoints };

struct Chart {
  ChartKind kind = ChartKind::kLines;
  std::string title;
  Axis x, y;
  std::vector<Series> series;  // of lines: all with the same x
};
[[nodiscard]] std::string html_chart(const Chart& chart);

struct Bar {
  std::string name;
  double value = 0;
};
// Horizontal bars, in the order given.
[[nodiscard]] std::string html_bars(const std::string& title, const Axis& axis,
                                    const std::vector<Bar>& bars);

// The same with a bar of each set beside the others, for each name.
struct BarSet {
  std::string name;
  std::vector<double> values;  // as many as names
};
[[nodiscard]] std::string html_bar_sets(const std::string& title, const Axis& axis,
                                        const std::vector<std::string>& names,
                                        const std::vector<BarSet>& sets);

// A table of counts, each shaded by its share of its row. `labels`: of rows and columns.
[[nodiscard]] std::string html_counts(const std::string& title,
                                      const std::vector<std::string>& labels,
                                      const std::vector<std::vector<int>>& counts);

}  // namespace octet
