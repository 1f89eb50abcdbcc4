#include "report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "report/scripts.h"

namespace octet {
namespace {

using testing::HasSubstr;

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(HtmlPage, IsOneFileWithItsScriptsAndNoOther) {
  const std::string page = html_page("a <title>", "<p>body</p>");
  EXPECT_THAT(page, HasSubstr("<h1>a &lt;title&gt;</h1>"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'; img-src data:; "));
  for (const std::string_view script : {chart_library(), chart_script()}) {
    EXPECT_THAT(page, HasSubstr("script-src '" + script_hash(chart_library()) + "' '"));
    EXPECT_THAT(page, HasSubstr("<script>" + std::string(script) + "</script>"));
    // What would end the element early, or be other bytes once a browser has read it.
    EXPECT_EQ(script.find("</script"), std::string_view::npos);
    EXPECT_EQ(script.find("<!--"), std::string_view::npos);
    EXPECT_EQ(script.find('\r'), std::string_view::npos);
  }
  EXPECT_EQ(count_of(page, "<script"), 2U);
}

TEST(HtmlPage, HashesAreThoseOfTheStandard) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(script_hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(HtmlPage, TablesAndDetailsEscapeTexts) {
  EXPECT_THAT(html_table({"<a>"}, {{"b & \"c\""}}), HasSubstr("<th>&lt;a&gt;</th>"));
  EXPECT_THAT(html_table({}, {{"b & \"c\""}}), HasSubstr("<td>b &amp; &quot;c&quot;</td>"));
  EXPECT_THAT(html_details("<s>", "<p>x</p>"), HasSubstr("<summary>&lt;s&gt;</summary><p>x</p>"));
}

}  // namespace
}  // namespace octet
