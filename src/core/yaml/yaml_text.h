// YAML with the limits that hostile files make necessary.
#pragma once

#include <string>

namespace YAML {
class Node;
}

namespace octet {

// Parses a document. Throws an Error beginning with `name` when it is malformed, nested deeper than
// 50 levels, or uses aliases (which a few bytes of can expand without bound), and when a second
// document follows, which would be read by nobody.
[[nodiscard]] YAML::Node load_yaml(const std::string& text, const std::string& name);

}  // namespace octet
