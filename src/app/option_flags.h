// A table of options as flags of a verb: names, help, ranges and defaults come from its rows.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/options/option.h"

namespace octet {

// What --help shows behind the flag: "FLOAT:[0 - 1]", "TEXT:{f32,auto}".
[[nodiscard]] std::string value_name(const OptionInfo& info);

namespace detail {

// Sets the option; an Error names the flag and the verb.
template <typename Row, typename Owner>
void set_from_flag(const Row& row, Owner& owner, const std::string& text, const std::string& verb) {
  try {
    row.set(owner, text);
  } catch (const Error& e) {
    const std::string what = e.what();
    const std::string named = what.starts_with("--") ? what : row.flag + ": " + what;
    throw Error(e.code(), fmt::format("{}\nTry 'octet {} --help'.", named, verb));
  }
}

}  // namespace detail

// Rows without a flag are left out. `owner` gets the values; it lives as long as `verb`.
template <typename Row, typename Owner>
void add_options(CLI::App& verb, const std::vector<Row>& rows,
                 const std::shared_ptr<Owner>& owner) {
  for (const Row& row : rows) {
    if (row.flag.empty()) continue;
    const auto set = [&row, owner, name = verb.get_name()](const std::string& text) {
      detail::set_from_flag(row, *owner, text, name);
    };
    if (row.kind == OptionKind::kFlag) {
      verb.add_flag_function(
          row.flag, [set](std::int64_t times) { set(times > 0 ? "true" : "false"); }, row.help);
    } else if (row.kind == OptionKind::kList) {
      verb.add_option_function<std::vector<std::string>>(
              row.flag,
              [set](const std::vector<std::string>& texts) {
                for (const std::string& text : texts) set(text);
              },
              row.help)
          ->type_name(value_name(row));
    } else {
      verb.add_option_function<std::string>(row.flag, set, row.help)
          ->type_name(value_name(row))
          ->default_str(row.default_text());
    }
  }
}

}  // namespace octet
