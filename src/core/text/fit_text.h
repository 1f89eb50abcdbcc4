// Text in lines of a given number of columns. Texts are valid UTF-8, as clean_text() gives it.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// The columns that a text takes, at most: a character outside the alphabets of Europe counts two.
[[nodiscard]] int columns(std::string_view text);

// The longest beginning of a text that takes at most so many columns.
[[nodiscard]] std::string first_columns(std::string_view text, int most);

// The words of a text in lines of at most `width` columns; every line but the first begins with
// `indent` spaces. `at`: the columns that are taken already in the first. A word that is longer than a
// line stays whole.
[[nodiscard]] std::string wrap_text(std::string_view text, int width, int indent, int at);

}  // namespace octet
