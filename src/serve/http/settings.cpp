#include "serve/http/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/text/json_text.h"
#include "serve/config/live_options.h"

namespace octet {
namespace {

using nlohmann::json;

bool is_on_page(const LiveOption& option) { return !option.page.name.empty(); }

// Numbers are numbers; only the words that stand beside them are texts.
std::string text_of(const json& value, const LiveOption& option) {
  if (value.is_number()) return dump_json(value);
  const auto is_word = [&](const std::string& word) { return value == word; };
  if (std::none_of(option.words.begin(), option.words.end(), is_word))
    fail("{}", expectation(option));
  return value.get<std::string>();
}

// By its name in live.yaml, or on the page.
const LiveOption& option_called(const std::string& name) {
  std::vector<std::string> names;
  for (const LiveOption& option : live_options()) {
    if (!is_on_page(option)) continue;
    if (option.key == name || option.page.name == name) return option;
    names.push_back(option.key);
  }
  fail("not known; there are {}", fmt::join(names, ", "));
}

// An input that was compiled.
void require_input(const json& value, const std::vector<Size>& inputs) {
  std::vector<int> sides;
  for (const Size input : inputs) sides.push_back(longer_side(input));
  if (value != "auto" && std::find(sides.begin(), sides.end(), value) == sides.end())
    fail("auto or one of {} is expected", fmt::join(sides, ", "));
}

}  // namespace

json settings_of(Watch& watch) {
  LiveConfig now;
  json out;
  for (const LiveOption& option : live_options()) {
    if (!is_on_page(option)) continue;
    option.page.observe(watch.controls(), now);
    const std::string text = option.get(now);
    const json number = json::parse(text, nullptr, false);
    out[option.page.name] = number.is_number() ? number : json(text);
  }
  return out;
}

std::string change_settings(const std::string& body, Watch& watch) {
  const json j = json::parse(body, nullptr, false);
  if (!j.is_object()) return "a JSON object is expected";
  LiveConfig wanted;
  std::vector<const LiveOption*> named;
  for (const auto& [key, value] : j.items()) {
    try {
      named.push_back(&option_called(key));
      if (key == "imgsz") require_input(value, watch.inputs().sizes);
      named.back()->set(wanted, text_of(value, *named.back()));
    } catch (const Error& e) {
      return fmt::format("'{}': {}", key, e.what());
    }
  }
  for (const LiveOption* option : named) option->page.apply(wanted, watch.controls());
  return {};
}

}  // namespace octet
