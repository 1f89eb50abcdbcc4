// YAML with the limits that hostile files make necessary.
#pragma once

#include <string>
#include <vector>

namespace YAML {
class Node;
}

namespace octet {

// Parses a document. Throws an Error beginning with `name` when it is no Unicode, malformed, nested deeper than
// 50 levels, uses aliases (which a few bytes of can expand without bound), or would take more memory
// than a file of its size may (core/budget.h), and when a second document follows, which would be read
// by nobody.
[[nodiscard]] YAML::Node load_yaml(const std::string& text, const std::string& name);

// The names of classes: a list, or a map from 0, 1, 2, … in any order. Throws an Error beginning with
// `name` that says which class is missing.
[[nodiscard]] std::vector<std::string> names_from_yaml(const YAML::Node& node,
                                                       const std::string& name);

}  // namespace octet
