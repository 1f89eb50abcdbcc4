// Standard output, which belongs to results, and the unconditional way to standard error. What could
// not be written to standard output is an Error, at the latest at the end of the program; what could
// not be written to standard error changes nothing.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "core/text/clean_text.h"

namespace octet {

// Writes to standard output. Throws an Error when that is closed or full.
void write_output(std::string_view text);
// Writes what is still in memory. Throws an Error when anything of the output was lost.
void finish_output();

// A result for people. Its texts are cleaned (shown()); the format is octet's own.
template <typename... Args>
void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_output(fmt::vformat(format, fmt::make_format_args(shown(args)...)));
}

// All of it to standard error, waiting for a slow reader at most so long; false when some of it was
// lost. Never throws.
bool write_error_output(std::string_view text, int at_most_ms) noexcept;

// The last line of a terminal, which is drawn again and again. `line` takes the place of the one before;
// empty takes it away. Anything else that is written takes it away first. Any thread.
void draw_status(std::string_view line) noexcept;

}  // namespace octet
