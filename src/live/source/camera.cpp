#include "live/source/camera.h"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "core/error.h"
#include "core/hot_path.h"
#include "core/log.h"
#include "core/text/secrets.h"

namespace octet {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kGoodAfter{3000};  // up for longer: a stream that is worth a quick return
}  // namespace

const char* camera_state_name(CameraState state) {
  switch (state) {
    case CameraState::kConnecting:
      return "connecting";
    case CameraState::kUp:
      return "up";
    case CameraState::kDown:
      return "down";
    case CameraState::kEnded:
      return "ended";
  }
  return "?";
}

void require_sources(const std::vector<CameraSpec>& cameras) {
  for (const CameraSpec& camera : cameras) {
    if (is_stream(camera.address))
      require_camera_address(camera.address);
    else
      (void)open_source(camera.address);
  }
}

Camera::Camera(CameraSpec spec, const CameraOptions& options, Doorbell& doorbell)
    : spec_(std::move(spec)), options_(options), doorbell_(doorbell), thread_([this] { run(); }) {}

Camera::~Camera() { request_stop(); }

void Camera::request_stop() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

bool Camera::take(CameraFrame& out) {
  {
    const MutexLock lock(mutex_);
    if (!waiting_) return false;
    std::swap(out, slot_);
    waiting_ = false;
  }
  changed_.notify_all();
  return true;
}

CameraStatus Camera::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

bool Camera::is_up() const {
  const MutexLock lock(mutex_);
  return status_.state == CameraState::kUp;
}

bool Camera::is_over() const {
  const MutexLock lock(mutex_);
  return !waiting_ && status_.state == CameraState::kEnded;
}

std::unique_ptr<Source> Camera::open() {
  return is_stream(spec_.address) ? open_stream(spec_.address, options_.stream, stop_)
                                  : open_source(spec_.address, options_.bad_picture);
}

void Camera::run() {
  const bool again = is_stream(spec_.address) && spec_.address != "-";
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string>{}(spec_.name)));
  std::uniform_real_distribution<double> chance(0.5, 1);
  milliseconds next = options_.first_pause;
  while (!stop_) {
    std::string error;
    up_since_.reset();
    try {
      set_state(CameraState::kConnecting, status().error);
      read_all();
      if (again) error = public_address(spec_.address) + ": the stream ended";
    } catch (const std::exception& e) {
      error = e.what();
    }
    const std::string prefix = spec_.name + ": ";
    if (error.starts_with(prefix)) error.erase(0, prefix.size());  // it is said once
    if (stop_) return;
    if (!again) return set_state(CameraState::kEnded, error);
    set_state(CameraState::kDown, error);
    if (up_since_ && Clock::now() - *up_since_ > kGoodAfter) next = options_.first_pause;
    const auto time = std::chrono::duration_cast<milliseconds>(next * chance(random));
    log_warning("{}: down: {}; next attempt in {:.1f} s", spec_.name, error,
                std::chrono::duration<double>(time).count());
    next = std::min(2 * next, options_.longest_pause);
    (void)wait_until(Clock::now() + time);
  }
}

// False at the end.
bool Camera::next(Source& source, Picture& out) {
  const bool more = source.next(out);
  const MutexLock lock(mutex_);
  status_.unreadable = source.skipped();
  return more;
}

// From opening it to its end.
void Camera::read_all() {
  const auto source = open();
  const bool streams = is_stream(spec_.address);
  const bool paced = options_.realtime && !streams;
  const auto started = Clock::now();
  Picture picture;
  for (int64_t i = 0; !stop_ && next(*source, picture); ++i) {
    const HotPath hot;
    if (paced) {
      if (!wait_until(started + std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(picture.seconds))))
        return;
      picture.captured = Clock::now();
    }
    if (i == 0) {
      const ForeignCall once;
      set_state(CameraState::kUp, "");
      up_since_ = Clock::now();
      if (streams) log_info("{}: up, {}", spec_.name, to_string(picture.size()));
    }
    if (!put(picture, seconds_of(picture, i == 0))) return;
  }
  if (const std::string cut = source->cut_short(); !stop_ && !cut.empty()) fail("{}", cut);
}

// A source counts from its opening on. From one opening to the next the clock counts.
double Camera::seconds_of(const Picture& picture, bool is_first) {
  if (!first_captured_) first_captured_ = picture.captured;
  if (is_first) {
    const std::chrono::duration<double> since_first = picture.captured - *first_captured_;
    opened_seconds_ = std::max(last_seconds_, since_first.count()) - picture.seconds;
  }
  last_seconds_ = opened_seconds_ + picture.seconds;
  return last_seconds_;
}

// The picture becomes the one that waits; `picture` gets memory to be used again. False: stop.
bool Camera::put(Picture& picture, double seconds) {
  {
    MutexLock lock(mutex_);
    if (options_.complete)
      changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return stop_ || !waiting_; });
    if (stop_) return false;
    status_.size = picture.size();
    std::swap(slot_.picture, picture);
    slot_.replaced = waiting_ ? slot_.replaced + 1 : 0;
    slot_.number = status_.frames++;
    slot_.seconds = seconds;
    waiting_ = true;
  }
  doorbell_.ring();
  return true;
}

void Camera::set_state(CameraState state, const std::string& error) {
  {
    const MutexLock lock(mutex_);
    status_.state = state;
    status_.error = error;
    status_.openings += state == CameraState::kUp ? 1 : 0;
  }
  doorbell_.ring();
}

// False: stop.
bool Camera::wait_until(Clock::time_point time) {
  MutexLock lock(mutex_);
  return !changed_.wait_until(lock, time, [this] { return stop_.load(); });
}

}  // namespace octet
