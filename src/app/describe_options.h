// Every option of every verb as JSON, from the parser itself. Help, the reference page, completion and
// man pages are made of it.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace octet {

// {"help", "task", "example", "options": [{"name", "names", "help", "value", "values", "default",
// "required", "repeats", "flag", "positional"}]}; "range": [least, most] and "choices": [...] where there
// are such. "value" is short, as help shows it; "values" has the type and its limits.
[[nodiscard]] nlohmann::ordered_json describe_verb(const CLI::App& verb);

// {VERB: as above}.
[[nodiscard]] nlohmann::ordered_json describe_options(const CLI::App& app);

// "a number from 0 to 1 is expected", "ptq or qat is expected"; empty: anything may be given.
[[nodiscard]] std::string expectation(const CLI::Option& option);

// The words that may be given; empty: other values may be.
[[nodiscard]] std::vector<std::string> choices_of(const CLI::Option& option);

// Names and values of a verb's options after parsing: those that were given, or those that have
// their default. Options without either are left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> option_values(const CLI::App& verb,
                                                                             bool given);

// The hidden flag that prints it and ends the program; `more` may add to the object.
void add_describe_flag(CLI::App& app, std::function<void(nlohmann::ordered_json&)> more = {});

}  // namespace octet
