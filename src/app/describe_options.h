// Every option of every verb as JSON, from the parser itself: for reference pages, completion and
// man pages, which are generated from it.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace octet {

// {VERB: {"help", "options": [{"name", "names", "help", "values", "default", "required",
// "repeats", "flag"}]}}; "range": [least, most] and "choices": [...] where there are such.
[[nodiscard]] nlohmann::ordered_json describe_options(const CLI::App& app);

// Names and values of a verb's options after parsing: those that were given, or those that have
// their default. Options without either are left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> option_values(const CLI::App& verb,
                                                                             bool given);

// The hidden flag that prints it and ends the program; `more` may add to the object.
void add_describe_flag(CLI::App& app, std::function<void(nlohmann::ordered_json&)> more = {});

}  // namespace octet
