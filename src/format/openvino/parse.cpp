#include "format/openvino/parse.h"

#include "core/error.h"

namespace octet {
namespace {

constexpr size_t kElementBytes = 64, kTextBytes = 64, kAttributeBytes = 40;  // of pugixml

// More than the tree will take: every < may begin an element, every = may be an attribute's, and text
// may follow every >.
size_t bytes_of_tree(std::string_view xml) {
  size_t bytes = 2 * xml.size();
  bool after = false;  // a >, and nothing but white space since
  char last = 0;
  for (const char c : xml) {
    if (last == '<' && c != '/') bytes += kElementBytes;
    if (c == '=') bytes += kAttributeBytes;
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (after && !space && c != '<') bytes += kTextBytes;
    after = c == '>' || (after && space);
    last = c;
  }
  return bytes;
}

}  // namespace

pugi::xml_node parse_ir(std::string_view xml, Budget& budget, pugi::xml_document& document) {
  budget.take(bytes_of_tree(xml));
  const auto result = document.load_buffer(xml.data(), xml.size());
  const auto net = document.child("net");
  if (!result || !net)
    fail("{}: is not an OpenVINO IR, or is cut short ({})", budget.name(), result.description());
  return net;
}

}  // namespace octet
