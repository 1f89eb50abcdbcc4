#include "serve/reloader.h"

#include <fmt/ranges.h>

#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "serve/config/live_options.h"

namespace octet {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{250};

// Of what is read at the start only, what differs.
std::vector<std::string> needs_restart(const LiveConfig& a, const LiveConfig& b) {
  std::vector<std::string> names = changed_options(a, b, TakesEffect::kNextStart);
  // What follows from other options.
  if (a.watch.goals.age_ms != b.watch.goals.age_ms) names.emplace_back("max-age-ms as a goal");
  if (a.watch.camera.complete != b.watch.camera.complete)
    names.emplace_back("sources: whether every frame of a file counts");
  return names;
}

double now_in_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Reloader::Reloader(std::filesystem::path file, LiveConfig running, Size camera_size, Watch& watch)
    : file_(std::move(file)),
      started_(std::move(running)),
      running_(started_),
      camera_size_(camera_size),
      watch_(watch),
      file_stamp_(stamp_of(file_)),
      model_stamp_(stamp_of(running_.detector.model)),
      pose_stamp_(stamp_of(running_.pose)),
      status_{.loaded = now_in_seconds()},
      thread_([this] { run(); }) {
  (void)take_reload_request();  // from now on SIGHUP does not end the process
}

Reloader::~Reloader() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

ReloadStatus Reloader::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

Reloader::Stamp Reloader::stamp_of(const std::filesystem::path& path) {
  std::error_code missing;
  Stamp stamp{.time = std::filesystem::last_write_time(path, missing)};
  if (!missing) stamp.bytes = std::filesystem::file_size(path, missing);
  return missing ? Stamp{} : stamp;
}

void Reloader::run() {
  MutexLock lock(mutex_);
  while (
      !changed_.wait_for(lock, kBetweenLooks, [this]() OCTET_REQUIRES(mutex_) { return stop_; })) {
    const bool asked = take_reload_request();
    const Stamp file = stamp_of(file_), model = stamp_of(running_.detector.model);
    const Stamp pose = stamp_of(running_.pose);
    const bool model_changed =
        (model != model_stamp_ && model != Stamp{}) || (pose != pose_stamp_ && pose != Stamp{});
    if (!asked && !model_changed && (file == file_stamp_ || file == Stamp{})) continue;
    file_stamp_ = file;
    model_stamp_ = model;
    pose_stamp_ = pose;
    lock.unlock();
    reload(model_changed);
    lock.lock();
  }
}

void Reloader::reload(bool model_changed) {
  try {
    apply(read_live_config(file_), model_changed);
    tell("");
    log_info("{}: read again", file_.string());
  } catch (const std::exception& e) {
    tell(e.what());
    log_warning("{}; all stays as it was", e.what());
  }
}

void Reloader::tell(const std::string& error) {
  const MutexLock lock(mutex_);
  status_.error = error;
  if (!error.empty()) return;
  status_.loaded = now_in_seconds();
  ++status_.times;
}

void Reloader::warn_of_refused(const LiveConfig& config) const {
  const auto names = needs_restart(started_, config);
  if (!names.empty())
    log_warning("{}: {}: what changed there takes effect at the next start", file_.string(),
                fmt::join(names, ", "));
}

void Reloader::apply(LiveConfig config, bool model_changed) {
  warn_of_refused(config);
  config.detector.runtime.cache = started_.detector.runtime.cache;
  config.detector.runtime.settings = started_.detector.runtime.settings;
  require_sources(config.cameras);
  const Stamp model = stamp_of(config.detector.model), pose = stamp_of(config.pose);
  WatchChange change{.cameras = config.cameras,
                     .camera = config.watch.camera,
                     .attention = config.watch.attention,
                     .people = config.watch.people};
  if (model_changed || !changed_options(running_, config, TakesEffect::kNewModel).empty()) {
    change.detectors = make_detectors(config.detector, config.auto_size, camera_size_);
    change.poser = make_poser(config.detector, config.pose, *change.detectors[0]);
  }
  watch_.change(std::move(change));
  for (const LiveOption& option : live_options()) {
    if (option.takes_effect == TakesEffect::kNextFrame)
      option.page.apply(config, watch_.controls());
  }
  running_ = std::move(config);
  model_stamp_ = model;
  pose_stamp_ = pose;
}

}  // namespace octet
