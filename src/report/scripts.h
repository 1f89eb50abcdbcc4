// The scripts that draw charts, inside the program: for reports, and for the page of 'octet live'.
#pragma once

#include <string_view>

namespace octet {

[[nodiscard]] std::string_view chart_library();  // Chart.js
// page/charts.js: draws charts that are given as JSON; needs the library.
[[nodiscard]] std::string_view chart_script();

}  // namespace octet
