// A source with a thread of its own that reads it. The newest frame waits until it is taken. A
// broken stream is opened again after growing pauses. A file ends.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "live/source/source.h"
#include "live/track/regions.h"

namespace octet {

struct CameraSpec {
  std::string name;     // in results and logs
  std::string address;  // a stream's, or a file, folder or glob
  RegionSpec regions;
};

// Opens every file, folder and glob once. Throws an Error that names the first unreadable one, or
// the first address that no camera can have. A stream may be down.
void require_sources(const std::vector<CameraSpec>& cameras);

struct CameraOptions {
  bool complete = false;  // every frame waits until it is taken; else only the newest waits
  bool realtime = false;  // files: at their own pace
  BadPicture bad_picture = BadPicture::kSkip;  // kStop ends the source with an error
  StreamOptions stream;
  // Pauses between attempts. They double from the first to the longest, and each is shortened by up
  // to half at random. They begin again after a stream was up for some seconds.
  std::chrono::milliseconds first_pause{250}, longest_pause{15'000};
};

enum class CameraState { kConnecting, kUp, kDown, kEnded };
[[nodiscard]] const char* camera_state_name(CameraState state);

struct CameraStatus {
  CameraState state = CameraState::kConnecting;
  Size size;               // of the last frame
  int64_t frames = 0;      // that came in
  int64_t unreadable = 0;  // pictures of a folder that were left out
  int64_t openings = 0;    // number of times that it was up
  std::string error;       // reason of a break or an early end; empty: none
};

struct CameraFrame {
  Picture picture;
  int64_t number = 0;    // counted from 0 since the start, over all openings
  int64_t replaced = 0;  // frames before it that came too fast to be taken
  double seconds = 0;    // presentation time, from the camera's first frame on; never falls
};

// Wakes a thread that waits for work.
class Doorbell {
 public:
  void ring() {
    {
      const MutexLock lock(mutex_);
      rung_ = true;
    }
    changed_.notify_all();
  }
  // Waits until it has rung since the last call, or for `at_most`.
  void wait(std::chrono::milliseconds at_most) {
    MutexLock lock(mutex_);
    changed_.wait_for(lock, at_most, [this]() OCTET_REQUIRES(mutex_) { return rung_; });
    rung_ = false;
  }

 private:
  Mutex mutex_;
  Condition changed_;
  bool rung_ OCTET_GUARDED_BY(mutex_) = false;
};

class Camera {
 public:
  Camera(CameraSpec spec, const CameraOptions& options, Doorbell& doorbell);
  ~Camera();  // ends its thread, whatever it waits for
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  void request_stop();  // its thread ends soon; the destructor waits for that
  [[nodiscard]] const CameraSpec& spec() const { return spec_; }
  // Takes the waiting frame, if there is one. The memory of `out` is used again.
  [[nodiscard]] bool take(CameraFrame& out);
  [[nodiscard]] CameraStatus status() const;
  [[nodiscard]] bool is_up() const;
  // Whether no frame waits and none will come.
  [[nodiscard]] bool is_over() const;

 private:
  void run();
  void read_all();
  [[nodiscard]] bool next(Source& source, Picture& out);
  [[nodiscard]] double seconds_of(const Picture& picture, bool is_first);
  bool put(Picture& picture, double seconds);
  void set_state(CameraState state, const std::string& error);
  [[nodiscard]] bool wait_until(Clock::time_point time);
  [[nodiscard]] std::unique_ptr<Source> open();

  CameraSpec spec_;
  CameraOptions options_;
  Doorbell& doorbell_;
  std::atomic<bool> stop_ = false;
  // Of its thread alone.
  std::optional<std::chrono::steady_clock::time_point> up_since_;
  std::optional<std::chrono::steady_clock::time_point> first_captured_;
  double opened_seconds_ = 0,
         last_seconds_ = 0;  // of the first frame of this opening, and the newest

  mutable Mutex mutex_;
  Condition changed_;
  CameraStatus status_ OCTET_GUARDED_BY(mutex_);
  CameraFrame slot_ OCTET_GUARDED_BY(mutex_);
  bool waiting_ OCTET_GUARDED_BY(mutex_) = false;  // what is in the slot

  std::jthread thread_;  // the last member: it uses all the others
};

}  // namespace octet
