#include "serve/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"

namespace octet {
namespace {

using nlohmann::json;

constexpr double kLongestAgeMs = 3.6e6;
constexpr double kMostSkipped = 999;

// What a body names.
struct Settings {
  std::optional<double> confidence, iou;
  std::optional<int64_t> max_age_ms;
  std::optional<int> skip, side;
};

double number(const json& value, double most) {
  if (!value.is_number()) fail("has to be a number");
  const auto out = value.get<double>();
  if (!(out >= 0 && out <= most)) fail("is out of range: 0 to {}", most);
  return out;
}

int skip_of(const json& value) {
  if (value == "auto") return kAutoSkip;
  const double frames = number(value, kMostSkipped);
  if (frames != std::floor(frames)) fail("has to be a whole number or auto");
  return static_cast<int>(frames);
}

int side_of(const json& value, const std::vector<Size>& inputs) {
  if (value == "auto") return 0;
  std::vector<int> sides;
  for (const Size input : inputs) sides.push_back(longer_side(input));
  const auto at = std::find(sides.begin(), sides.end(), value);
  if (at == sides.end()) fail("has to be auto or one of {}", fmt::join(sides, ", "));
  return *at;
}

void set(Settings& settings, const std::string& key, const json& value,
         const std::vector<Size>& inputs) {
  if (key == "confidence") {
    settings.confidence = number(value, 1);
  } else if (key == "iou") {
    settings.iou = number(value, 1);
  } else if (key == "max_age_ms") {
    settings.max_age_ms = static_cast<int64_t>(number(value, kLongestAgeMs));
  } else if (key == "skip") {
    settings.skip = skip_of(value);
  } else if (key == "imgsz") {
    settings.side = side_of(value, inputs);
  } else {
    fail("is not known; there are confidence, iou, max_age_ms, skip, imgsz");
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
      return fmt::format("'{}' {}", key, e.what());
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
