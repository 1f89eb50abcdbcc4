// Live video: cameras, network streams and video files through one model. Of a camera only the
// newest frame waits, so that results stay young. A camera that is down is opened again, and holds up
// no other.
//
// Threads: watch() returns when it is over, and calls `on_frame` on the thread that called it. Each
// source has a thread of its own. Several watches may run at the same time.
//
// Example:
//   std::stop_source stop;
//   const auto on_frame = [&](const octet::WatchFrame& frame) {
//     std::printf("%s: %zu objects\n", frame.source.c_str(), frame.detections.size());
//     if (frame.number == 99) stop.request_stop();
//   };
//   octet::watch("yolov8n.safetensors", {{.name = "door", .address = "/dev/video0"}}, on_frame,
//                {.stop = stop.get_token()});
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "octet/detections.h"
#include "octet/detector.h"
#include "octet/image.h"
#include "octet/version.h"

namespace octet::v0 {

struct WatchSource {
  std::string name = {};  // in WatchFrame; different for each source
  // "rtsp://…", "http://…", "/dev/video0", a video file, a folder or a glob of images.
  std::string address = {};
};

// One frame with what was found in it. All of it lives until `on_frame` returns.
struct WatchFrame {
  const std::string& source;  // its name
  int64_t number = 0;         // of this source's frames, from 0
  double seconds = 0;         // when it is shown, from the source's first frame on
  std::chrono::duration<double, std::milli> age{};  // from its arrival to this result
  const Detections& detections;
  const std::function<Image()>& image;  // makes a copy of the pixels: call it when you need them
};

struct WatchOptions {
  DetectorOptions detector = {};  // its stop and parallel are not used
  DetectOptions detect = {};
  bool track = false;  // objects keep a number over frames: Detection::track
  // Files run at their own pace, as a camera does. Else every frame of a file is detected, as fast as
  // possible.
  bool real_time = false;
  std::chrono::milliseconds max_age{0};  // older frames are left out; 0: any age
  int64_t max_frames = 0;                // results; 0: until all sources are over
  std::stop_token stop = {};             // ends watch() within a fraction of a second
};

// Returns when all files are over, after max_frames results, or when `stop` is requested; cameras
// and streams are never over. Throws an Error that names the source when a file cannot be read, or
// an address is one that no camera can have. What `on_frame` throws ends the watch and is thrown.
OCTET_API void watch(const std::filesystem::path& model, const std::vector<WatchSource>& sources,
                     const std::function<void(const WatchFrame&)>& on_frame,
                     const WatchOptions& options = {});

}  // namespace octet::v0
