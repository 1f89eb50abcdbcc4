// The outputs of results. One thread writes each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "live/options.h"
#include "live/policy/frame_policy.h"
#include "live/sink/recording.h"
#include "live/track/regions.h"
#include "model/pose_head.h"
#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

// The result of a frame of a camera or a file.
struct StreamResult {
  int64_t camera_id = 0;
  std::string camera;
  int64_t frame = 0;                            // the camera's count of it
  double seconds = 0;                           // presentation time, from the first frame on
  double captured = 0;                          // time of arrival, in seconds since 1970
  double age_ms = 0;                            // from its arrival to this result
  FrameDecision look = FrameDecision::kDetect;  // the origin of the detections
  int64_t skipped_newer = 0, skipped_old = 0;   // frames of the camera since the start
  Detections detections;
  std::shared_ptr<const std::vector<std::string>> class_names;
  std::shared_ptr<const Skeleton> skeleton;   // of the keypoints
  bool top_down = false;                      // a pose network found the keypoints, not the model
  std::shared_ptr<const RegionSpec> regions;  // the camera's
  RegionCounts counts;                        // of them
  std::vector<RegionEvent> events;            // in this frame
};
// A result is made once. All sinks then read it.
using SharedResult = std::shared_ptr<const StreamResult>;
// Returns {"zones": {NAME: {"inside","entered"}}, "lines": {NAME: {"to_right","to_left"}}}. A key
// without regions is left out.
[[nodiscard]] nlohmann::ordered_json to_json(const RegionSpec& spec, const RegionCounts& counts);
// A line of JSON Lines, for every sink that writes one. docs/reference/json.md describes its keys.
[[nodiscard]] nlohmann::ordered_json to_json(const StreamResult& result);

// Writes one JSON object a frame and line. Lines are always whole: a failed write is taken back.
class JsonLines {
 public:
  explicit JsonLines(const JsonLinesOptions& options);
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  void write(const StreamResult& result);

 private:
  [[nodiscard]] bool continues() const { return options_.endless || options_.rotate_bytes > 0; }
  void open();
  void begin_anew();
  void write_line(const std::string& line);

  JsonLinesOptions options_;
  int fd_ = -1;
  int64_t bytes_ = 0;  // in the file
};

// Writes the annotated images: a video of all, and an image of the frame with the highest sum of
// confidences.
class Pictures {
 public:
  struct Options {
    RecordingOptions video;
    double fps = 25;
    std::filesystem::path snapshot;  // empty: not wanted
  };
  explicit Pictures(Options options);

  // `image`: drawn already. `seconds`: since the start. `camera`: as Recording::add().
  void add(Image image, const Detections& detections, double seconds, int64_t camera = 0);
  void finish();  // the files appear

 private:
  std::filesystem::path snapshot_;
  std::optional<Recording> recording_;
  Image best_;
  double best_score_ = -1;
};

}  // namespace octet
