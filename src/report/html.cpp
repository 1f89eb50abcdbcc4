#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "media/image/image_io.h"

namespace octet {
namespace {

constexpr double kWidth = 460, kHeight = 260;  // of a chart, in pixels
constexpr double kLeft = 56, kRight = 12, kTop = 30, kBottom = 40;
constexpr const char* kColours[] = {"#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed"};
constexpr const char* kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;"
    "color:#111827}h1{font-size:1.6em}h2{margin-top:2em;font-size:1.2em}"
    ".row{display:flex;flex-wrap:wrap;gap:16px}svg{background:#fafafa;border:1px solid #e5e7eb;"
    "border-radius:6px;max-width:100%;height:auto}.wide{overflow-x:auto}svg text{font:11px "
    "system-ui,sans-serif;fill:#374151}"
    "svg .title{font-weight:600;font-size:13px}svg .light{fill:#fff}table{border-collapse:collapse}"
    "td,th{padding:3px 12px;text-align:right;border-bottom:1px solid #e5e7eb}"
    "td:first-child,th:first-child{text-align:left}table{margin-top:1em}"
    "details{margin-top:2em}summary{font-size:1.2em;font-weight:600;cursor:pointer}figure{margin:0}"
    "figure img{width:310px;border-radius:6px}figcaption{font-size:12px;color:#6b7280}";

std::string base64(const std::vector<uint8_t>& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0U);
    for (size_t j = 0; j < 4; ++j)
      out.push_back(i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=');
  }
  return out;
}

struct Range {
  double low, high;
};
Range range_of(const std::vector<Series>& series, bool x) {
  Range r{1e300, -1e300};
  for (const Series& s : series) {
    for (const double v : x ? s.x : s.y) {
      r.low = std::min(r.low, v);
      r.high = std::max(r.high, v);
    }
  }
  if (r.low > r.high) return {0, 1};
  if (!x && r.low > 0 && r.low < r.high * 0.7) r.low = 0;
  if (r.high - r.low < 1e-9) r.high = r.low + 1;
  return r;
}

std::string text_at(double x, double y, const std::string& text, const char* anchor,
                    const char* css = "") {
  return fmt::format(R"(<text x="{:.0f}" y="{:.0f}" text-anchor="{}" class="{}">{}</text>)", x, y,
                     anchor, css, html_escape(text));
}

// Where names were written, so that none lies on another.
class Names {
 public:
  // A name beside (x, y), left of it where `left`; lower where something is written already, with a
  // line from there.
  std::string add(double x, double y, const std::string& name, bool left) {
    const double width = kLetter * static_cast<double>(name.size());
    Place place{.from = left ? x - width : x, .to = left ? x : x + width, .y = y};
    while (std::any_of(taken_.begin(), taken_.end(), [&](const Place& t) {
      return place.from < t.to && t.from < place.to && std::abs(place.y - t.y) < kLine;
    }))
      place.y += kLine;
    taken_.push_back(place);
    std::string out = text_at(x, place.y, name, left ? "end" : "start");
    if (place.y != y) {
      out += fmt::format(
          R"(<line x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}" stroke="#9ca3af"/>)",
          left ? x + 2 : x - 2, y, place.y);
    }
    return out;
  }

 private:
  static constexpr double kLetter = 6, kLine = 12;  // pixels
  struct Place {
    double from, to, y;
  };
  std::vector<Place> taken_;
};

// The i-th of four parts of a range, with the digits that tell it from its neighbours.
std::string tick(Range r, int i) {
  const double step = (r.high - r.low) / 4;
  const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step))) + 1);
  return fmt::format("{:.{}f}", r.low + step * i, digits);
}

// Frame, grid and numbers.
std::string axes(const std::string& title, const std::string& x_label, Range x, Range y) {
  std::string svg =
      fmt::format(R"(<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}">)", kWidth, kHeight);
  svg += text_at(kLeft, 18, title, "start", "title");
  svg += text_at((kLeft + kWidth - kRight) / 2, kHeight - 6, x_label, "middle");
  for (int i = 0; i <= 4; ++i) {
    const double at_y = kHeight - kBottom - (kHeight - kTop - kBottom) * i / 4;
    const double at_x = kLeft + (kWidth - kLeft - kRight) * i / 4;
    svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="#e5e7eb"/>)", kLeft,
                       kWidth - kRight, at_y, at_y);
    svg += text_at(kLeft - 6, at_y + 4, tick(y, i), "end");
    svg += text_at(at_x, kHeight - kBottom + 16, tick(x, i), i < 4 ? "middle" : "end");
  }
  return svg;
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>{0}</title>"
      "<style>{1}</style></head><body><h1>{0}</h1>\n{2}</body></html>\n",
      html_escape(title), kStyle, body);
}

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  const auto row = [](const std::vector<std::string>& cells, const char* tag) {
    std::string out = "<tr>";
    for (const std::string& c : cells) out += fmt::format("<{0}>{1}</{0}>", tag, html_escape(c));
    return out + "</tr>\n";
  };
  std::string out = "<div class=\"wide\"><table>" + (head.empty() ? "" : row(head, "th"));
  for (const auto& r : rows) out += row(r, "td");
  return out + "</table></div>\n";
}

std::string html_details(const std::string& summary, const std::string& body) {
  return fmt::format("<details><summary>{}</summary>{}</details>\n", html_escape(summary), body);
}

std::string line_chart(const std::string& title, const std::string& x_label,
                       const std::vector<Series>& series) {
  const Range x = range_of(series, true);
  const Range y = range_of(series, false);
  std::string svg = axes(title, x_label, x, y);
  for (size_t s = 0; s < series.size(); ++s) {
    const char* colour = kColours[s % std::size(kColours)];
    std::string points;
    for (size_t i = 0; i < series[s].x.size(); ++i) {
      points += fmt::format(
          "{:.1f},{:.1f} ",
          kLeft + (kWidth - kLeft - kRight) * (series[s].x[i] - x.low) / (x.high - x.low),
          kHeight - kBottom -
              (kHeight - kTop - kBottom) * (series[s].y[i] - y.low) / (y.high - y.low));
    }
    svg += fmt::format(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>)",
                       points, colour);
    if (series[s].x.size() == 1)  // a line has two points
      svg += fmt::format(R"(<polyline points="{0}{0}" stroke="{1}" stroke-width="6" )"
                         R"(stroke-linecap="round"/>)",
                         points, colour);
    const double label_x = kWidth - kRight - 80 * static_cast<double>(series.size() - s);
    svg += fmt::format(R"(<rect x="{}" y="13" width="10" height="3" fill="{}"/>)", label_x, colour);
    svg += text_at(label_x + 13, 18, series[s].name, "start");
  }
  return svg + "</svg>\n";
}

std::string bar_chart(const std::string& title,
                      const std::vector<std::pair<std::string, double>>& bars) {
  constexpr double kRow = 15, kLabel = 190, kLength = 640;
  double most = 1e-12;
  for (const auto& [name, value] : bars) most = std::max(most, value);
  const double height = kTop + kRow * static_cast<double>(bars.size()) + 8;
  std::string svg = fmt::format(R"(<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}">)",
                                kLabel + kLength + 90, height);
  svg += text_at(10, 18, title, "start", "title");
  for (size_t i = 0; i < bars.size(); ++i) {
    const double y = kTop + kRow * static_cast<double>(i);
    svg += text_at(kLabel - 6, y + 10, bars[i].first, "end");
    svg +=
        fmt::format(R"(<rect x="{}" y="{}" width="{:.1f}" height="{}" fill="{}"/>)", kLabel, y + 1,
                    kLength * std::max(0.0, bars[i].second) / most, kRow - 4, kColours[0]);
    svg += text_at(kLabel + kLength * std::max(0.0, bars[i].second) / most + 5, y + 10,
                   fmt::format("{:.3g}", bars[i].second), "start");
  }
  return svg + "</svg>\n";
}

std::string heat_map(const std::string& title, const std::vector<std::string>& labels,
                     const std::vector<std::vector<int>>& counts) {
  const auto n = static_cast<double>(labels.size());
  const double cell = std::clamp(520 / n, 7.0, 52.0);
  constexpr double kLabel = 110;
  const double side = kLabel + cell * n + 50;
  std::string svg =
      fmt::format(R"(<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}">)", side, side + 14);
  svg += text_at(10, 16, title, "start", "title");
  const bool numbers = cell > 24;
  for (size_t r = 0; r < labels.size(); ++r) {
    const double y = kLabel + cell * static_cast<double>(r);
    if (cell > 10) svg += text_at(kLabel - 5, y + cell / 2 + 4, labels[r], "end");
    if (cell > 10)
      svg += fmt::format(
          R"svg(<text transform="translate({:.0f},{:.0f}) rotate(-60)">{}</text>)svg",
          kLabel + cell * static_cast<double>(r) + cell / 2, kLabel - 5, html_escape(labels[r]));
    const int sum = std::max(1, std::accumulate(counts[r].begin(), counts[r].end(), 0));
    for (size_t c = 0; c < labels.size(); ++c) {
      if (counts[r][c] == 0) continue;
      const double share = static_cast<double>(counts[r][c]) / sum;
      const double x = kLabel + cell * static_cast<double>(c);
      svg += fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" )svg"
                         R"svg(fill="rgba(37,99,235,{:.2f})">)svg"
                         "<title>{}: {} × {}</title></rect>",
                         x, y, cell - 1, cell - 1, 0.08 + 0.92 * share, html_escape(labels[r]),
                         counts[r][c], html_escape(labels[c]));
      if (numbers)
        svg += text_at(x + cell / 2, y + cell / 2 + 4, std::to_string(counts[r][c]), "middle",
                       share > 0.5 ? "light" : "");
    }
  }
  return svg + "</svg>\n";
}

std::string scatter_chart(const std::string& title, const std::string& x_label,
                          const std::vector<PlotPoint>& points) {
  Series all{.name = title, .x = {0}, .y = {}};
  for (const PlotPoint& p : points) {
    all.x.push_back(p.x * 1.15);
    all.y.push_back(p.y);
  }
  const Range x = range_of({all}, true);
  Range y = range_of({all}, false);
  y.high += (y.high - y.low) * 0.1;
  const auto at_x = [&](double v) {
    return kLeft + (kWidth - kLeft - kRight) * (v - x.low) / (x.high - x.low);
  };
  const auto at_y = [&](double v) {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * (v - y.low) / (y.high - y.low);
  };
  std::string svg = axes(title, x_label, x, y);
  std::vector<PlotPoint> best;
  Names names;
  for (const PlotPoint& p : points) {
    const bool beaten = std::any_of(points.begin(), points.end(), [&](const PlotPoint& o) {
      return o.x <= p.x && o.y >= p.y && (o.x < p.x || o.y > p.y);
    });
    if (!beaten) best.push_back(p);
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}"/>)", at_x(p.x), at_y(p.y),
                       kColours[beaten ? 1 : 0]);
    const bool right = at_x(p.x) > kWidth / 2;  // names stay inside
    svg += names.add(at_x(p.x) + (right ? -6 : 6), at_y(p.y) - 5, p.name, right);
  }
  std::sort(best.begin(), best.end(),
            [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
  svg += fmt::format(R"(<polyline fill="none" stroke="{}" stroke-dasharray="4 3" points=")",
                     kColours[0]);
  for (const PlotPoint& p : best) svg += fmt::format("{:.1f},{:.1f} ", at_x(p.x), at_y(p.y));
  return svg + "\"/></svg>";
}

std::string html_picture(const Image& image, const std::string& caption) {
  return fmt::format(
      "<figure><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}</figcaption>"
      "</figure>\n",
      html_escape(caption), base64(encode_jpeg(image, 80)));
}

}  // namespace octet
