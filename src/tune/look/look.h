// A look at one configuration, in a process of its own: the times of its network on frames of the
// source, its detections there, and how many of them stay when frames are skipped. `octet tune`
// starts itself for each.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tune/choice/configuration.h"
#include "vision/detections.h"

namespace octet {

struct LookRequest {
  Configuration configuration;  // without its skip and gate
  std::filesystem::path clip;
  int every = 1;            // of the clip's frames one is looked at
  int frames = 10;          // so many at most
  double seconds = 1e9;     // of inference, at most
  bool detections = false;  // give them
  bool policies = false;    // try skipping and the motion gate on these frames
  // mAP on labelled images instead, in squares as 'octet val' has them: data.yaml and its part, so
  // many images at most.
  std::string data, split;
  int images = 0;
};

// Skipping or the motion gate, on the frames of a look.
struct PolicyLook {
  int skip = 0;
  bool motion_gate = false;
  double detected = 1;             // share of the frames on which detection ran
  std::optional<double> kept = 1;  // agreement with detection on every frame
};

struct Look {
  int frames = 0;
  double ms_p50 = 0, ms_p99 = 0;  // from a decoded frame to its detections
  double ms_mean = 0;             // of the same; rates follow it
  double cpu_ms = 0;              // processor time of that
  double decode_ms = 0;  // of a frame of the clip; of a labelled image: all but its inference
  double decode_cpu_ms = 0;
  std::string precision;  // what ran
  Size input;             // of the network
  std::vector<Detections> detections;
  std::vector<PolicyLook> policies;
  std::optional<double> map50_95;  // of keypoints for pose
};

[[nodiscard]] nlohmann::ordered_json to_json(const LookRequest& request);
[[nodiscard]] LookRequest look_request(const nlohmann::ordered_json& json);
[[nodiscard]] nlohmann::ordered_json to_json(const Look& look);
[[nodiscard]] Look look_from(const nlohmann::ordered_json& json);

// The work of the process. Throws an Error where the model, the engine or the source fails.
[[nodiscard]] Look look_at(const LookRequest& request);

}  // namespace octet
