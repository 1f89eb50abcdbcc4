// The head of a report: the origin of a run.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace octet {

using Facts = std::vector<std::pair<std::string, std::string>>;  // names and values, in their order

// Every option of the run, given or by default. The page folds them away.
struct ReportedOptions {
  Facts given, defaults;
};

// A table of facts, with the date of today (UTC) as its last row.
[[nodiscard]] std::string facts_table(const Facts& facts);
[[nodiscard]] std::string options_table(const ReportedOptions& options);

}  // namespace octet
