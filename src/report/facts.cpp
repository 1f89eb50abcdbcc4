#include "report/facts.h"

#include <fmt/chrono.h>

#include <ctime>

#include "report/html.h"

namespace octet {

std::string facts_table(const Facts& facts) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : facts) rows.push_back({name, value});
  rows.push_back({"date", fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)))});
  return "<div class=\"facts\">" + html_table({}, rows) + "</div>\n";
}

std::string options_table(const ReportedOptions& options) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : options.given) rows.push_back({name, value, "given"});
  for (const auto& [name, value] : options.defaults) rows.push_back({name, value, "default"});
  return html_details("Options", html_table({"option", "value", ""}, rows));
}

}  // namespace octet
