#include "serve/http/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"
#include "live/ranges.h"

namespace octet {
namespace {

using nlohmann::json;

// What a body names.
struct Settings {
  std::optional<double> confidence, iou;
  std::optional<int64_t> max_age_ms;
  std::optional<int> skip, side;
};

double number(const json& value, Range range) {
  if (!value.is_number() || !range.holds(value.get<double>())) fail("{}", expectation(range));
  return value.get<double>();
}

int skip_of(const json& value) {
  if (value == "auto") return kAutoSkip;
  const double frames = number(value, kSkipRange);
  if (frames != std::floor(frames)) fail("a whole number or auto is expected");
  return static_cast<int>(frames);
}

int side_of(const json& value, const std::vector<Size>& inputs) {
  if (value == "auto") return 0;
  std::vector<int> sides;
  for (const Size input : inputs) sides.push_back(longer_side(input));
  const auto at = std::find(sides.begin(), sides.end(), value);
  if (at == sides.end()) fail("auto or one of {} is expected", fmt::join(sides, ", "));
  return *at;
}

void set(Settings& settings, const std::string& key, const json& value,
         const std::vector<Size>& inputs) {
  if (key == "confidence") {
    settings.confidence = number(value, kShareRange);
  } else if (key == "iou") {
    settings.iou = number(value, kShareRange);
  } else if (key == "max_age_ms") {
    settings.max_age_ms = static_cast<int64_t>(number(value, kMaxAgeRange));
  } else if (key == "skip") {
    settings.skip = skip_of(value);
  } else if (key == "imgsz") {
    settings.side = side_of(value, inputs);
  } else {
    fail("not known; there are confidence, iou, max_age_ms, skip, imgsz");
  }
}

}  // namespace

json settings_of(Watch& watch) {
  const Controls& c = watch.controls();
  const int skip = c.skip, side = c.side;
  return {{"confidence", c.confidence.load()},
          {"iou", c.iou.load()},
          {"max_age_ms", c.max_age_ms.load()},
          {"skip", skip == kAutoSkip ? json("auto") : json(skip)},
          {"imgsz", side == 0 ? json("auto") : json(side)}};
}

std::string change_settings(const std::string& body, Watch& watch) {
  const json j = json::parse(body, nullptr, false);
  if (!j.is_object()) return "a JSON object is expected";
  const std::vector<Size> inputs = watch.inputs().sizes;
  Settings settings;
  for (const auto& [key, value] : j.items()) {
    try {
      set(settings, key, value, inputs);
    } catch (const Error& e) {
      return fmt::format("'{}': {}", key, e.what());
    }
  }
  Controls& controls = watch.controls();
  if (settings.confidence) controls.confidence = *settings.confidence;
  if (settings.iou) controls.iou = *settings.iou;
  if (settings.max_age_ms) controls.max_age_ms = *settings.max_age_ms;
  if (settings.skip) controls.skip = *settings.skip;
  if (settings.side) controls.side = *settings.side;
  return {};
}

}  // namespace octet
