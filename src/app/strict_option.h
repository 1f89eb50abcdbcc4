// --strict, of every verb that goes through many pictures.
#pragma once

#include <CLI/CLI.hpp>

namespace octet {

inline void add_strict_option(CLI::App& verb, bool& strict) {
  verb.add_flag("--strict", strict,
                "stop where a picture or its labels cannot be read; without it they are left out, "
                "counted and named");
}

}  // namespace octet
