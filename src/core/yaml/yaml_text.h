// Parses YAML with limits against hostile files.
#pragma once

#include <string>
#include <vector>

namespace YAML {
class Node;
}

namespace octet {

// Parses one document. Throws an Error that begins with `name` when the text is not Unicode, is
// malformed, is nested deeper than 50 levels, uses aliases (a few bytes of them can expand without
// bound), needs more memory than its Budget allows (core/budget.h), or has a second document.
[[nodiscard]] YAML::Node load_yaml(const std::string& text, const std::string& name);

// Reads class names from a list, or from a map of 0, 1, 2, … in any order. Throws an Error that
// begins with `name` and names the missing class.
[[nodiscard]] std::vector<std::string> names_from_yaml(const YAML::Node& node,
                                                       const std::string& name);

}  // namespace octet
