// The help of the command line, in lines of a given width.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace octet {

struct HelpStyle {
  int columns = 80;
  bool bold_titles = false;

  [[nodiscard]] static HelpStyle of_output();  // as standard output allows
};

// The verbs of `app` by task, an example each.
[[nodiscard]] std::string overview(const CLI::App& app, const HelpStyle& style);
// "octet verify MODEL EXPORTS... [OPTIONS]".
[[nodiscard]] std::string usage(const CLI::App& verb);
// The purpose, an example and all options of a verb.
[[nodiscard]] std::string verb_help(const CLI::App& verb, const HelpStyle& style);

}  // namespace octet
