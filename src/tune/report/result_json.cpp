#include "tune/report/result_json.h"

#include <nlohmann/json.hpp>

#include "live/policy/frame_policy.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

void add_figures(ordered_json& json, const Figures& f) {
  json["fps"] = f.fps;
  json["results_fps"] = f.results_fps;
  json["age_ms_p99"] = f.age_ms_p99;
  json["cpu_percent"] = f.cpu_percent;
  json["cpu_ms_per_frame"] = f.cpu_ms_per_detection();
  if (f.watts > 0) json["watts"] = f.watts;
}

ordered_json figures_json(const Figures& f) {
  ordered_json json;
  add_figures(json, f);
  return json;
}

ordered_json point_json(const TunePoint& point) {
  const Configuration& c = point.configuration;
  ordered_json json{{"model", c.model},
                    {"engine", c.engine},
                    {"imgsz", {c.input.width, c.input.height}},
                    {"threads", c.threads},
                    {"precision", point.ran_in.empty() ? c.precision : point.ran_in},
                    {"skip", c.skip == kAutoSkip ? ordered_json("auto") : ordered_json(c.skip)},
                    {"motion_gate", c.motion_gate}};
  add_figures(json, point.figures);
  json["accuracy"] = point.accuracy ? ordered_json(*point.accuracy) : ordered_json();
  json["known_by"] = evidence_name(point.evidence);
  if (!point.failed.empty()) json["failed"] = point.failed;
  return json;
}

ordered_json heat_json(const HeatReport& heat) {
  ordered_json json{{"known", heat.known}, {"steady", heat.steady}, {"throttled", heat.throttled}};
  if (heat.first_celsius) json["first_celsius"] = *heat.first_celsius;
  if (heat.last_celsius) json["last_celsius"] = *heat.last_celsius;
  if (heat.highest_celsius) json["highest_celsius"] = *heat.highest_celsius;
  if (heat.last_mhz) json["mhz"] = *heat.last_mhz;
  if (!heat.ignored.empty()) json["ignored_sensors"] = heat.ignored;
  return json;
}

}  // namespace

ordered_json to_json(const TuneResult& r) {
  ordered_json json{{"config", r.config.string()}};
  if (!r.page.empty()) json["report"] = r.page.string();
  json["chosen"] = point_json(r.chosen);
  json["chosen"]["accuracy_kind"] = r.accuracy_kind;
  json["met"] = r.met;
  if (!r.advice.empty()) json["advice"] = r.advice;
  json["limited_by_source"] = r.limited_by_source;
  json["interrupted"] = r.interrupted;
  json["predicted"] = figures_json(r.chosen.figures);
  if (r.seen) {
    json["seen"] = figures_json(r.seen->figures);
    json["seen"]["seconds"] = r.seen->seconds;
  }
  json["source"] = {{"name", r.footage.name}, {"fps", r.footage.fps}};
  json["heat"] = heat_json(r.heat);
  json["tried"] = ordered_json::array();
  for (const TunePoint& point : r.points) json["tried"].push_back(point_json(point));
  json["not_tried"] = r.not_tried;
  json["seconds"] = r.seconds;
  return json;
}

}  // namespace octet
