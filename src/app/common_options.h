// Options that several verbs have.
#pragma once

#include <CLI/CLI.hpp>

namespace octet {

inline void add_strict_option(CLI::App& verb, bool& strict) {
  verb.add_flag(
      "--strict", strict,
      "Stop at the first image or label file that cannot be read. Without it such files are "
      "left out, counted and named.");
}

inline void add_json_option(CLI::App& verb, bool& json) {
  verb.add_flag("--json", json,
                "Print one JSON object on standard output, and nothing else there.");
}

}  // namespace octet
