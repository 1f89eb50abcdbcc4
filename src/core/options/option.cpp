#include "core/options/option.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/text/nearest_text.h"

namespace octet {
namespace {

constexpr const char* kYes[] = {"true", "yes", "on", "y"};
constexpr const char* kNo[] = {"false", "no", "off", "n"};

// As YAML 1.1 writes them: true, True or TRUE.
bool is_one_of(const std::string& text, const auto& words) {
  return std::any_of(std::begin(words), std::end(words), [&](std::string word) {
    if (text == word) return true;
    word[0] = static_cast<char>(word[0] - 'a' + 'A');
    if (text == word) return true;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return static_cast<char>(c & ~0x20); });
    return text == word;
  });
}

}  // namespace

std::string expectation(const OptionInfo& info) {
  switch (info.kind) {
    case OptionKind::kFlag:
      return "true or false is expected";
    case OptionKind::kInteger:
    case OptionKind::kNumber: {
      const char* what = info.kind == OptionKind::kInteger ? "a whole number" : "a number";
      const std::string more =
          info.words.empty() ? "" : fmt::format(", or {},", fmt::join(info.words, " or "));
      return fmt::format("{} from {} to {}{} is expected", what, info.range.least, info.range.most,
                         more);
    }
    case OptionKind::kText:
      return info.words.empty() ? "a text is expected"
                                : fmt::format("{} is expected", fmt::join(info.words, " or "));
    case OptionKind::kFile:
    case OptionKind::kSecret:
      return "a file is expected";
    case OptionKind::kList:
      return "a list is expected";
  }
  return {};
}

bool parse_flag(const OptionInfo& info, const std::string& text) {
  if (is_one_of(text, kYes)) return true;
  if (!is_one_of(text, kNo)) fail_usage("{}, not {}", expectation(info), text);
  return false;
}

double parse_number(const OptionInfo& info, const std::string& text) {
  double value = 0;
  const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(begin, end, value);
  const bool fits = error == std::errc() && at == end && info.range.holds(value) &&
                    (info.kind != OptionKind::kInteger || value == std::floor(value));
  if (!fits) fail_usage("{}, not {}", expectation(info), text);
  return value;
}

void require_word(const OptionInfo& info, const std::string& text) {
  if (info.words.empty()) return;
  if (std::find(info.words.begin(), info.words.end(), text) == info.words.end())
    fail_usage("{}, not {}{}", expectation(info), text, did_you_mean(text, info.words));
}

std::string number_text(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15
             ? fmt::format("{}", static_cast<int64_t>(value))
             : fmt::format("{}", value);
}

std::string number_text(float value) {
  return value == std::floor(value) ? number_text(static_cast<double>(value))
                                    : fmt::format("{}", value);
}

}  // namespace octet
