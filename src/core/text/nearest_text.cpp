#include "core/text/nearest_text.h"

#include <algorithm>

namespace octet {
namespace {

constexpr size_t kLongest = 64;  // no name is longer: what is, costs no time

std::string without_dashes(std::string_view text) {
  std::string letters(text.substr(0, kLongest));
  std::erase_if(letters, [](char c) { return c == '-' || c == '_'; });
  return letters;
}

// The name whose beginning has the most letters of `meant`, where it has more than half of them.
std::string with_same_beginning(const std::string& meant, const std::vector<std::string>& names) {
  constexpr size_t kLeast = 4;
  std::string best;
  size_t most = std::max(kLeast, meant.size() / 2 + 1) - 1;
  for (const std::string& name : names) {
    const std::string known = without_dashes(name);
    const auto same = static_cast<size_t>(
        std::mismatch(meant.begin(), meant.end(), known.begin(), known.end()).first -
        meant.begin());
    if (same <= most) continue;
    most = same;
    best = name;
  }
  return best;
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  // rows[i % 3][j]: from the first i letters of `a` to the first j of `b`.
  std::vector<std::vector<int>> rows(3, std::vector<int>(b.size() + 1));
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

std::string nearest_text(std::string_view word, const std::vector<std::string>& names) {
  const std::string meant = without_dashes(word);
  if (meant.empty()) return {};
  std::string best;
  int least = std::max(1, static_cast<int>(meant.size()) / 3);
  for (const std::string& name : names) {
    const std::string known = without_dashes(name);
    const bool begins_alike =
        known.starts_with(meant) || (known.size() > 2 && meant.starts_with(known));
    const int distance = begins_alike ? 1 : edit_distance(meant, known);
    if (!begins_alike && distance >= static_cast<int>(meant.size())) continue;  // no letter is left
    // Of two that are as near the longer one: letters are left out more often than added.
    if (distance > least || (distance == least && name.size() <= best.size())) continue;
    least = distance;
    best = name;
  }
  return best.empty() ? with_same_beginning(meant, names) : best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  const std::string nearest = nearest_text(word, names);
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

}  // namespace octet
