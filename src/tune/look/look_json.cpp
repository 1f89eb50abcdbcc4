// Between the tuning and the processes of its looks.
#include <nlohmann/json.hpp>

#include "tune/look/agreement.h"
#include "tune/look/look.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

std::optional<double> optional_number(const ordered_json& json, const char* key) {
  return json.contains(key) ? std::optional(json.at(key).get<double>()) : std::nullopt;
}

}  // namespace

ordered_json to_json(const LookRequest& r) {
  const Configuration& c = r.configuration;
  ordered_json json{{"model", c.model},
                    {"engine", c.engine},
                    {"input", {c.input.width, c.input.height}},
                    {"threads", c.threads},
                    {"precision", c.precision},
                    {"clip", r.clip.string()},
                    {"every", r.every},
                    {"frames", r.frames},
                    {"seconds", r.seconds},
                    {"give_detections", r.detections},
                    {"try_policies", r.policies},
                    {"data", r.data},
                    {"split", r.split},
                    {"images", r.images}};
  if (c.side) json["side"] = *c.side;
  return json;
}

LookRequest look_request(const ordered_json& json) {
  LookRequest r;
  Configuration& c = r.configuration;
  c.model = json.at("model");
  c.engine = json.at("engine");
  c.input = {json.at("input").at(0), json.at("input").at(1)};
  c.threads = json.at("threads");
  c.precision = json.at("precision");
  if (json.contains("side")) c.side = json.at("side").get<int>();
  r.clip = json.at("clip").get<std::string>();
  r.every = json.at("every");
  r.frames = json.at("frames");
  r.seconds = json.at("seconds");
  r.detections = json.at("give_detections");
  r.policies = json.at("try_policies");
  r.data = json.at("data");
  r.split = json.at("split");
  r.images = json.at("images");
  return r;
}

ordered_json to_json(const Look& look) {
  ordered_json json{{"frames", look.frames},
                    {"ms_p50", look.ms_p50},
                    {"ms_p99", look.ms_p99},
                    {"ms_mean", look.ms_mean},
                    {"cpu_ms", look.cpu_ms},
                    {"decode_ms", look.decode_ms},
                    {"decode_cpu_ms", look.decode_cpu_ms},
                    {"precision", look.precision},
                    {"input", {look.input.width, look.input.height}},
                    {"detections", ordered_json::array()},
                    {"policies", ordered_json::array()}};
  for (const Detections& d : look.detections) json["detections"].push_back(pack(d));
  for (const PolicyLook& p : look.policies) {
    ordered_json one{{"skip", p.skip}, {"motion_gate", p.motion_gate}, {"detected", p.detected}};
    if (p.kept) one["kept"] = *p.kept;
    json["policies"].push_back(std::move(one));
  }
  if (look.map50_95) json["map50_95"] = *look.map50_95;
  return json;
}

Look look_from(const ordered_json& json) {
  Look look{.frames = json.at("frames"),
            .ms_p50 = json.at("ms_p50"),
            .ms_p99 = json.at("ms_p99"),
            .ms_mean = json.at("ms_mean"),
            .cpu_ms = json.at("cpu_ms"),
            .decode_ms = json.at("decode_ms"),
            .decode_cpu_ms = json.at("decode_cpu_ms"),
            .precision = json.at("precision"),
            .input = {json.at("input").at(0), json.at("input").at(1)}};
  for (const auto& one : json.at("detections")) look.detections.push_back(unpack(one));
  for (const auto& one : json.at("policies"))
    look.policies.push_back({.skip = one.at("skip"),
                             .motion_gate = one.at("motion_gate"),
                             .detected = one.at("detected"),
                             .kept = optional_number(one, "kept")});
  look.map50_95 = optional_number(json, "map50_95");
  return look;
}

}  // namespace octet
