// The file of a cost table: JSON. A file may come from another device, so none of its figures is
// believed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "measure/cost/cost_table.h"

namespace octet {

// Throws an Error that names the file for a damaged or impossible table, and for a file of a newer
// octet.
[[nodiscard]] CostTable parse_cost_table(std::string_view text, const std::string& name);
[[nodiscard]] CostTable read_cost_table(const std::filesystem::path& path);

void write_cost_table(const std::filesystem::path& path, const CostTable& table);

// The file of the table that this machine measured, in octet's folder of caches. Threads and bits of
// weights are part of the name, so that each combination has its own.
[[nodiscard]] std::filesystem::path cost_file_in(const std::filesystem::path& cache,
                                                 const CostOrigin& origin);

}  // namespace octet
