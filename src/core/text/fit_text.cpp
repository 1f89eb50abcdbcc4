#include "core/text/fit_text.h"

#include <algorithm>

namespace octet {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// 0xE1 begins U+1000: Hangul, the first wide letters, begin at U+1100.
int columns_of_character(char first) {
  return continues(first) ? 0 : static_cast<unsigned char>(first) >= 0xE1 ? 2 : 1;
}

}  // namespace

int columns(std::string_view text) {
  int sum = 0;
  for (const char c : text) sum += columns_of_character(c);
  return sum;
}

std::string first_columns(std::string_view text, int most) {
  int sum = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    sum += columns_of_character(text[end]);
    if (sum > most) break;
  }
  return std::string(text.substr(0, end));
}

std::string wrap_text(std::string_view text, int width, int indent, int at) {
  std::string out;
  bool begins = true;  // a line, or the text
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const int needed = columns(word);
    if (!begins && at + 1 + needed > width) {
      out += "\n" + std::string(static_cast<size_t>(indent), ' ');
      at = indent;
      begins = true;
    }
    if (!begins) out += ' ', ++at;
    out += word;
    at += needed;
    begins = false;
  }
  return out;
}

}  // namespace octet
