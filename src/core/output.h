// Writes results to standard output, and text to standard error without conditions. A failed write
// to standard output is an Error, at the latest at the end of the program. A failed write to
// standard error has no effect.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "core/error.h"
#include "core/text/clean_text.h"

namespace octet {

// Standard output is a pipe whose reader has gone, as `head` does. The program ends without a word.
class ReaderGone : public Error {
 public:
  ReaderGone() : Error(ErrorCode::kFailed, "standard output: its reader has gone") {}
};

// Writes to standard output. Throws an Error when it is closed or its disk is full.
void write_output(std::string_view text);
// Writes the rest of the buffer. Throws an Error when any output was lost.
void finish_output();

// Prints a result for people. Arguments are cleaned by shown().
template <typename... Args>
void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_output(fmt::vformat(format, fmt::make_format_args(shown(args)...)));
}

// Writes to standard error, and waits for a slow reader at most `at_most_ms`. Returns false when
// some text was lost. Never throws.
bool write_error_output(std::string_view text, int at_most_ms) noexcept;

// The last line of a terminal, which is drawn again and again. `line` takes the place of the one before;
// empty takes it away. Anything else that is written takes it away first. Any thread.
void draw_status(std::string_view line) noexcept;

}  // namespace octet
