#include "serve/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"

namespace octet {
namespace {

using nlohmann::json;

constexpr double kLongestAgeMs = 3.6e6;
constexpr double kMostSkipped = 999;

struct Settings {
  double confidence = 0, iou = 0;
  int64_t max_age_ms = 0;
  int skip = 0, side = 0;
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

Settings read(const Controls& c) {
  return {.confidence = c.confidence,
          .iou = c.iou,
          .max_age_ms = c.max_age_ms,
          .skip = c.skip,
          .side = c.side};
}

}  // namespace

json settings_of(Watch& watch) {
  const Settings s = read(watch.controls());
  return {{"confidence", s.confidence},
          {"iou", s.iou},
          {"max_age_ms", s.max_age_ms},
          {"skip", s.skip == kAutoSkip ? json("auto") : json(s.skip)},
          {"imgsz", s.side == 0 ? json("auto") : json(s.side)}};
}

std::string change_settings(const std::string& body, Watch& watch) {
  const json j = json::parse(body, nullptr, false);
  if (!j.is_object()) return "a JSON object is expected";
  Controls& controls = watch.controls();
  Settings settings = read(controls);
  for (const auto& [key, value] : j.items()) {
    try {
      set(settings, key, value, watch.inputs().sizes);
    } catch (const Error& e) {
      return fmt::format("'{}' {}", key, e.what());
    }
  }
  controls.confidence = settings.confidence;
  controls.iou = settings.iou;
  controls.max_age_ms = settings.max_age_ms;
  controls.skip = settings.skip;
  controls.side = settings.side;
  return {};
}

}  // namespace octet
