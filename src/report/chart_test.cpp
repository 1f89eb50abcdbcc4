#include "report/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace octet {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// What the page's script reads, up to the first end of a script: as a browser would.
json data_of(const std::string& figure) {
  const std::string begin = "<script type=\"application/json\">";
  const size_t from = figure.find(begin) + begin.size();
  return json::parse(figure.substr(from, figure.find("</script", from) - from));
}

const Chart kCurves{.title = "Accuracy",
                    .x = {.title = "epoch", .low = 0, .whole = true},
                    .y = {.title = "mAP", .low = 0},
                    .series = {{.name = "mAP50", .x = {1, 2}, .y = {0.25, 0.5}},
                               {.name = "mAP50-95", .x = {1, 2}, .y = {0.125, 0.375}}}};

TEST(Charts, LinesAreDataForTheScript) {
  EXPECT_EQ(data_of(html_chart(kCurves)), json::parse(R"({
    "kind": "lines",
    "x": {"title": "epoch", "low": 0.0, "whole": true},
    "y": {"title": "mAP", "low": 0.0},
    "series": [{"name": "mAP50", "x": [1.0, 2.0], "y": [0.25, 0.5]},
               {"name": "mAP50-95", "x": [1.0, 2.0], "y": [0.125, 0.375]}]})"));
}

TEST(Charts, EveryFigureIsInATableToo) {
  const std::string lines = html_chart(kCurves);
  EXPECT_THAT(lines, HasSubstr("<th>epoch</th><th>mAP50</th><th>mAP50-95</th>"));
  EXPECT_THAT(lines, HasSubstr("<td>2</td><td>0.5</td><td>0.375</td>"));
  const std::string points = html_chart(
      {.kind = ChartKind::kPoints,
       .x = {.title = "ms"},
       .y = {.title = "mAP"},
       .series = {
           {.name = "engine", .x = {18.5}, .y = {0.4352}, .names = {"file"}, .labels = {"7"}}}});
  EXPECT_THAT(points, HasSubstr("<td>7. file</td><td>18.5</td><td>0.4352</td>"));
  EXPECT_EQ(data_of(points)["series"][0]["labels"], json::array({"7"}));
  const std::string bars = html_bars("t", {.title = "ms"}, {{"slow", 12345}, {"quick", 0.5}});
  EXPECT_THAT(bars, HasSubstr("<td>slow</td><td>12345</td>"));
  EXPECT_EQ(data_of(bars)["series"][0]["x"], json::array({12345, 0.5}));
  EXPECT_EQ(data_of(bars)["series"][0]["names"], json::array({"slow", "quick"}));
}

TEST(Charts, SetsOfBarsShareTheirNames) {
  const std::string bars =
      html_bar_sets("t", {.title = "ms"}, {"a", "b"}, {{"first", {1, 2}}, {"second", {3, 4}}});
  EXPECT_THAT(bars, HasSubstr("<th></th><th>first, ms</th><th>second, ms</th>"));
  EXPECT_THAT(bars, HasSubstr("<td>b</td><td>2</td><td>4</td>"));
  const json series = data_of(bars)["series"];
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[1]["x"], json::array({3, 4}));
  EXPECT_EQ(series[1]["names"], json::array({"a", "b"}));
}

TEST(Charts, TextsFromOutsideStayTexts) {
  const std::string hostile = "</script><script>alert(1)</script><!-- \xff \"x\"";
  Chart chart = kCurves;
  chart.title = chart.x.title = chart.series[0].name = hostile;
  chart.series[0].names = {hostile, hostile};
  const std::string bars = html_bars(hostile, {.title = hostile}, {{hostile, 1}});
  const std::string counts = html_counts(hostile, {hostile}, {{3}});
  for (const std::string& figure : {html_chart(chart), bars, counts}) {
    EXPECT_THAT(figure, Not(HasSubstr("<script>")));
    EXPECT_THAT(figure, Not(HasSubstr("<!--")));
    EXPECT_THAT(figure, HasSubstr("&lt;/script&gt;"));
  }
  EXPECT_THAT(data_of(bars)["series"][0]["names"][0].get<std::string>(),
              HasSubstr("</script><script>alert(1)</script><!-- "));
}

TEST(Charts, WhatIsNoNumberIsAGap) {
  Chart chart = kCurves;
  chart.series[0].y[1] = std::numeric_limits<double>::quiet_NaN();
  const std::string figure = html_chart(chart);
  EXPECT_TRUE(data_of(figure)["series"][0]["y"][1].is_null());
  EXPECT_THAT(figure, HasSubstr("<td>2</td><td>–</td><td>0.375</td>"));
}

TEST(Charts, SmallDifferencesAreOnALongAxis) {
  const Axis near = axis_over("mAP", {0.5361, 0.5398}, 0.05);
  EXPECT_NEAR(*near.high - *near.low, 0.05, 1e-9);
  EXPECT_LT(*near.low, 0.5361);
  const Axis far = axis_over("mAP", {0.2, 0.5}, 0.05);
  EXPECT_EQ(*far.low, 0.2);
  EXPECT_EQ(*far.high, 0.5);
  EXPECT_EQ(*axis_over("mAP", {0.001}, 0.05).low, 0) << "nothing of it is below zero";
}

TEST(Charts, CountsAreShadedByTheirShareOfTheRow) {
  const std::string table = html_counts("t", {"cat", "nothing"}, {{3, 1}, {0, 0}});
  EXPECT_THAT(table,
              HasSubstr("class=\"strong\" style=\"--share:0.75\" title=\"cat: 3 × cat\">3<"));
  EXPECT_THAT(table, HasSubstr("style=\"--share:0.25\" title=\"cat: 1 × nothing\">1<"));
  EXPECT_THAT(table, HasSubstr("style=\"--share:0.00\" title=\"nothing: 0 × cat\">0<"));
}

}  // namespace
}  // namespace octet
