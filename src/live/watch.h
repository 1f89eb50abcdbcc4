// Runs detection on cameras with one detector. It always takes the newest frame, in fair turns
// among the cameras, and knows the age of every result. A camera that is down delays nothing.
// Cameras, zones and the detector may change while it runs, without a lost frame.
//
//   camera 1 ─▶ newest frame ┐                        ┌─▶ JSON lines
//   camera 2 ─▶ newest frame ┼─▶ detect, one by one ──┤
//   camera 3 ─▶ newest frame ┘                        └─▶ pictures
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/concurrency/background.h"
#include "core/concurrency/shared_pool.h"
#include "core/mutex.h"
#include "core/numeric/duration_histogram.h"
#include "live/detectors.h"
#include "live/options.h"
#include "live/policy/meter.h"
#include "live/pose/person_poses.h"
#include "live/pose/pose_status.h"
#include "live/sink/sinks.h"
#include "live/source/camera.h"
#include "live/summary.h"

namespace octet {

class WatchSinks;

struct WatchOptions {
  LiveOptions live;
  CameraOptions camera;
  FramePolicyOptions attention;
  int skip = 0;            // frames between two detections; kAutoSkip: as many as tracks allow
  int64_t max_age_ms = 0;  // older frames are skipped; 0: any age
  Goals goals;
  PeopleOptions people;  // where there is a pose network
  bool progress = true;  // on standard error
  // Called with every result before the next frame is taken.
  std::function<void(const SharedResult&, const Picture&)> on_result;
};

// The numbers of a camera's frames by their fate.
struct CameraCounters {
  int64_t detected = 0;
  int64_t tracked = 0, still = 0;  // results without a detection: followed, or nothing moved
  int64_t skipped_newer = 0;       // a newer frame came before their turn
  int64_t skipped_old = 0;         // older than max_age
  int64_t failed = 0;              // the engine failed
  DurationHistogram age;           // from a frame's arrival to its result
};

struct CameraSummary {
  int64_t id = 0;  // never given again to another
  std::string name;
  CameraStatus status;
  CameraCounters tally;
  std::shared_ptr<const RegionSpec> regions;
  RegionCounts counts;
};

// Settings that any thread may change while the watch runs.
struct Controls {
  std::atomic<float> confidence = 0.25F, iou = 0.7F;
  std::atomic<int64_t> max_age_ms = 0;
  std::atomic<int> skip = 0;  // as in WatchOptions
  std::atomic<int> side = 0;  // longer side of the input to use; 0: the goals decide
};

// A change of a running watch. A camera with an unchanged address goes on without a break.
struct WatchChange {
  std::vector<CameraSpec> cameras;
  CameraOptions camera;  // of those that are new
  FramePolicyOptions attention;
  PeopleOptions people;
  Detectors detectors;                 // none: the same as before, and the same poser
  std::unique_ptr<PersonPoser> poser;  // beside detectors; none: no keypoints of people
};

// The compiled inputs, the largest first, and the index of the one in use.
struct InputStatus {
  std::vector<Size> sizes;
  size_t now = 0;
  std::string model;           // the name of its file
  NetworkDescription network;  // of the largest; the others differ in their size alone
};

// The current measures to hold the goals.
struct GovernorStatus {
  int skip = 0;
  std::string reason;  // of the last change; empty: there was none
};

struct WatchSummary {
  LiveSummary all;
  double inference_ms_p50 = 0;
  double overhead_ms_p50 = 0;  // age of a detection without its inference
  std::vector<CameraSummary> cameras;
  std::optional<PoseStatus> pose;  // where there is a pose network
};

class Watch {
 public:
  Watch(const std::vector<CameraSpec>& specs, const WatchOptions& options);
  ~Watch();

  // Returns the size of the first frame of any camera. Nothing when none came in time, or when all
  // sources are over.
  [[nodiscard]] std::optional<Size> wait_for_size(std::chrono::milliseconds at_most);

  [[nodiscard]] Controls& controls() { return controls_; }
  [[nodiscard]] std::vector<CameraSummary> cameras() const;  // from any thread
  [[nodiscard]] InputStatus inputs() const;                  // from any thread
  // Where there are goals; from any thread.
  [[nodiscard]] std::optional<GovernorStatus> governor() const;
  // Where there is a pose network; from any thread.
  [[nodiscard]] std::optional<PoseStatus> pose() const;

  // Applies a change between two frames. A pending change is replaced. New cameras are opened here.
  // Where that fails, such as for lack of threads, it throws and nothing changes. Any thread may
  // call it.
  void change(WatchChange change);

  // Returns when all sources are over, after max_frames results, or when stop_requested() becomes
  // true. Throws the error that ended a file early. `poser`: finds keypoints of people, who are
  // tracked for that; none: they have those of the model, if any.
  [[nodiscard]] WatchSummary run(Detectors detectors, std::unique_ptr<PersonPoser> poser = nullptr);
  void stop() { stop_ = true; }  // ends run(), from any thread
  // Time since run() last took or searched a frame. It is long when something hangs. From any
  // thread.
  [[nodiscard]] std::chrono::milliseconds since_last_turn() const;

 private:
  struct CameraContext;  // a camera and its state
  CameraContext* take_frame();
  bool detect_next(WatchSinks& sinks);
  std::optional<FrameDecision> try_to_look(CameraContext& place);
  FrameDecision look(CameraContext& place);
  FrameDecision detect(CameraContext& place);
  void find_keypoints(CameraContext& place, FrameDecision look);
  SharedResult record(CameraContext& place, FrameDecision look);
  void count(const CameraContext& place, FrameDecision look, Clock::time_point now);
  [[nodiscard]] bool is_over() const;
  void use(Detectors detectors, std::unique_ptr<PersonPoser> poser);
  void say_unknown_classes() const;
  void forget_objects();
  void govern();
  void choose_input();
  void apply_change();
  using Places = std::vector<std::unique_ptr<CameraContext>>;
  struct PendingChange {
    WatchChange change;
    Places opened;  // of its cameras those that were not there
  };
  [[nodiscard]] std::unique_ptr<CameraContext> place_for(const CameraSpec& spec,
                                                         PendingChange& pending);
  [[nodiscard]] static Places::iterator find_camera(Places& places, const CameraSpec& spec);
  void open_new_cameras(PendingChange& next);
  void retire(Places gone);
  [[nodiscard]] bool all_over() const;
  [[nodiscard]] WatchSummary summarize() const;

  WatchOptions options_;
  Controls controls_;
  Doorbell doorbell_;
  mutable Mutex mutex_;  // of the places, which only the thread of run() changes
  Places places_;
  // Where cameras that were taken out end. None: no camera was taken out yet.
  std::optional<Background<Places>> retired_;
  std::optional<GovernorStatus> governor_status_ OCTET_GUARDED_BY(mutex_);
  InputStatus inputs_ OCTET_GUARDED_BY(mutex_);  // but for `now`
  std::optional<PoseStatus> pose_status_ OCTET_GUARDED_BY(mutex_);
  std::atomic<int64_t> next_id_ = 0;
  std::atomic<bool> stop_ = false;

  Mutex change_mutex_;
  std::optional<PendingChange> change_ OCTET_GUARDED_BY(change_mutex_);

  Detectors detectors_;
  std::vector<std::unique_ptr<Job>> jobs_;  // of each
  std::atomic<size_t> now_ = 0;             // which of them looks
  std::unique_ptr<PersonPoser> poser_;
  PersonPoses::Tally people_;  // of this frame
  std::optional<Governor> governor_;
  Meter meter_;
  std::shared_ptr<const std::vector<std::string>> class_names_;
  std::shared_ptr<const Skeleton> skeleton_;
  CameraFrame frame_;
  Detections detections_;
  SharedPool<StreamResult> pool_;
  std::vector<int64_t> up_;  // cameras, of govern()

  std::atomic<Clock::rep> last_turn_ = 0;  // ticks of Clock
  int failures_ = 0;                       // of the engine, in a row
  int64_t results_ = 0;
  double first_result_ms_ = 0;
  double first_cpu_ms_ = 0;  // of this process, at the first result
  Clock::time_point first_result_, last_result_;
  DurationHistogram ages_, intervals_, inferences_, overheads_;
};

}  // namespace octet
