#include "report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

// Where the text that holds `name` stands: y.
double row_of(const std::string& svg, const std::string& name) {
  const size_t text = svg.find(">" + name + "</text>");
  if (text == std::string::npos) return -1;
  const size_t y = svg.rfind(" y=\"", text);
  return std::stod(svg.substr(y + 4));
}

TEST(ScatterChart, NamesOfNearPointsAreReadable) {
  const std::string svg =
      scatter_chart("t", "x", {{"first", 18, 0.4352}, {"second", 18.1, 0.4352}, {"far", 1, 0.42}});
  ASSERT_GT(row_of(svg, "first"), 0);
  EXPECT_GE(std::abs(row_of(svg, "second") - row_of(svg, "first")), 12);
  EXPECT_THAT(svg, HasSubstr("#9ca3af")) << "a line leads to the moved name";
  const std::string apart = scatter_chart("t", "x", {{"a", 2, 0.4}, {"b", 18, 0.4}});
  ASSERT_GT(row_of(apart, "a"), 0);
  EXPECT_EQ(row_of(apart, "a"), row_of(apart, "b"));
  EXPECT_THAT(apart, Not(HasSubstr("#9ca3af")));
}

TEST(ScatterChart, NumbersOfAnAxisDifferAndAreWhole) {
  const std::string svg = scatter_chart("t", "x", {{"a", 1900, 0.4352}, {"b", 40, 0.4336}});
  EXPECT_THAT(svg, HasSubstr(">1092</text>")) << svg;
  EXPECT_THAT(svg, HasSubstr(">0.43360</text>")) << svg;
  EXPECT_THAT(svg, Not(HasSubstr("e+")));
}

}  // namespace
}  // namespace octet
