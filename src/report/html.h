// Parts of a page that needs nothing beside itself: charts as SVG, pictures inside.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vision/image.h"

namespace octet {

[[nodiscard]] std::string html_escape(const std::string& text);
[[nodiscard]] std::string html_page(const std::string& title, const std::string& body);
// Without a row of heads where `head` is empty.
[[nodiscard]] std::string html_table(const std::vector<std::string>& head,
                                     const std::vector<std::vector<std::string>>& rows);

// Folded away under its summary until it is opened.
[[nodiscard]] std::string html_details(const std::string& summary, const std::string& body);

struct Series {
  std::string name;
  std::vector<double> x, y;
};
[[nodiscard]] std::string line_chart(const std::string& title, const std::string& x_label,
                                     const std::vector<Series>& series);
// Horizontal bars, in the order given.
[[nodiscard]] std::string bar_chart(const std::string& title,
                                    const std::vector<std::pair<std::string, double>>& bars);
// Counts as shades, each row against its sum. `labels`: of rows and columns.
[[nodiscard]] std::string heat_map(const std::string& title, const std::vector<std::string>& labels,
                                   const std::vector<std::vector<int>>& counts);
struct PlotPoint {
  std::string name;
  double x, y;
};
// Points by name; those that no other one beats in both (small x, large y) are joined.
[[nodiscard]] std::string scatter_chart(const std::string& title, const std::string& x_label,
                                        const std::vector<PlotPoint>& points);
[[nodiscard]] std::string html_picture(const Image& image, const std::string& caption);

}  // namespace octet
