#include "core/text/json_text.h"

#include <nlohmann/json.hpp>

namespace octet {
namespace {

using nlohmann::json;

// What libstdc++ and nlohmann's library take, with what their growth and malloc add.
constexpr size_t kValueBytes = 2 * sizeof(json);
constexpr size_t kTextBytes = sizeof(std::string) + 16;
constexpr size_t kArrayBytes = sizeof(json::array_t) + 16;
constexpr size_t kObjectBytes = sizeof(json::object_t) + 16;
constexpr size_t kMemberBytes = 32 + sizeof(std::string) + sizeof(json) + 16;

size_t bytes_of(json::parse_event_t event, const json& parsed) {
  const size_t text = parsed.is_string() ? kTextBytes + parsed.get_ref<const std::string&>().size()
                                         : 0;
  switch (event) {
    case json::parse_event_t::object_start:
      return kValueBytes + kObjectBytes;
    case json::parse_event_t::array_start:
      return kValueBytes + kArrayBytes;
    case json::parse_event_t::key:
      return kMemberBytes + text;
    case json::parse_event_t::value:
      return kValueBytes + text;
    case json::parse_event_t::object_end:
    case json::parse_event_t::array_end:
      return 0;
  }
  return 0;
}

}  // namespace

json parse_json(std::string_view text, Budget& budget) {
  return json::parse(text, [&](int depth, json::parse_event_t event, const json& parsed) {
    budget.require_depth(depth);
    budget.take(bytes_of(event, parsed));
    return true;
  });
}

}  // namespace octet
