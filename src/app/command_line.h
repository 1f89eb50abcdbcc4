// From the arguments of a program to the verb that runs. Help, wrong verbs and wrong options are answered
// here, for both programs alike.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace octet {

using Arguments = std::vector<std::string>;

// A flag --version, which prints it.
void add_version_flag(CLI::App& app, std::function<std::string()> version);

// Runs the verb, or prints the help that is asked for; without arguments the list of verbs. Throws a usage
// Error that names the verb or option that is wrong, and the nearest that there is.
void run_command_line(CLI::App& app, Arguments arguments);

// "help VERB" as "VERB --help", which is the same; other arguments as they are.
[[nodiscard]] Arguments without_help_verb(Arguments arguments);

}  // namespace octet
