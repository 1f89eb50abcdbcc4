// Cameras through one detector, for as long as it runs: always the newest frame, whose turn is fair
// among the cameras, and the age of every result known. A camera that is down holds up nothing.
//
//   camera 1 ─▶ newest frame ┐                        ┌─▶ JSON lines
//   camera 2 ─▶ newest frame ┼─▶ detect, one by one ──┤
//   camera 3 ─▶ newest frame ┘                        └─▶ pictures
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/duration_histogram.h"
#include "engine/detector.h"
#include "live/camera.h"
#include "live/pipeline.h"
#include "live/sinks.h"

namespace octet {

struct WatchOptions {
  LiveOptions live;
  CameraOptions camera;
  AttentionOptions attention;
  int64_t max_age_ms = 0;  // older frames are not looked at; 0: any age
  // Sees every result before the next frame is taken.
  std::function<void(const StreamResult&, const Picture&)> on_result;
};

// What became of a camera's frames.
struct CameraTally {
  int64_t detected = 0;
  int64_t tracked = 0, still = 0;  // results without a detection: followed, or nothing moved
  int64_t skipped_newer = 0;       // a newer frame came before their turn
  int64_t skipped_old = 0;         // older than max_age
  DurationHistogram age;           // from a frame's arrival to its result
};

struct CameraSummary {
  std::string name;
  CameraStatus status;
  CameraTally tally;
};

// What may be changed while it runs, from any thread.
struct Controls {
  std::atomic<double> confidence = 0.25, iou = 0.7;
  std::atomic<int64_t> max_age_ms = 0;
};

struct WatchSummary {
  LiveSummary all;
  std::vector<CameraSummary> cameras;
};

class Watch {
 public:
  Watch(const std::vector<CameraSpec>& specs, const WatchOptions& options);
  ~Watch();

  // Of the first frame that any camera gives; none when nothing came in time, or all are over.
  [[nodiscard]] std::optional<Size> wait_for_size(std::chrono::milliseconds at_most);

  [[nodiscard]] Controls& controls() { return controls_; }
  [[nodiscard]] std::vector<CameraSummary> cameras() const;  // from any thread

  // Returns when all sources are over, after max_frames results, or when stop_requested() becomes
  // true. Throws what ended a file early.
  [[nodiscard]] WatchSummary run(Detector& detector);
  void stop() { stop_ = true; }  // ends run(), from any thread

 private:
  struct Sinks;
  std::optional<size_t> take_frame();
  bool detect_next(Job& job, Sinks& sinks);
  Look look(size_t camera, Job& job);
  StreamResult record(size_t camera, Look look);
  [[nodiscard]] bool all_over() const;
  [[nodiscard]] WatchSummary summarize() const;

  WatchOptions options_;
  Controls controls_;
  Doorbell doorbell_;
  std::vector<std::unique_ptr<Camera>> cameras_;
  mutable std::mutex tallies_mutex_;
  std::vector<CameraTally> tallies_;
  std::vector<Attention> attention_;
  std::vector<size_t> order_;    // of turns
  std::vector<int64_t> served_;  // when, counted in results
  std::atomic<bool> stop_ = false;
  CameraFrame frame_;
  Detections detections_;

  int64_t results_ = 0;
  double first_result_ms_ = 0;
  Clock::time_point first_result_, last_result_;
  DurationHistogram ages_, intervals_;
};

}  // namespace octet
