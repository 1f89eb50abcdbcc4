#include "serve/reloader.h"

#include <fmt/ranges.h>

#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "detect/artifact.h"
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
  if (a.mqtt.tls && a.watch.camera.stream.authorities != b.watch.camera.stream.authorities)
    names.emplace_back("tls-ca of the broker");
  return names;
}

// Files that cannot be read have not changed: they may be on their way.
template <typename Stamp>
bool differs(const Stamp& now, const Stamp& before) {
  return !now.empty() && now != before;
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
      model_(running_.detector.model),
      pose_(running_.pose),
      seen_(stamps()),
      tried_(seen_),
      loaded_(seen_),
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
  Stamp stamp;
  try {
    for (const std::filesystem::path& file : files_of_model(path))
      stamp.push_back({.time = std::filesystem::last_write_time(file),
                       .bytes = std::filesystem::file_size(file)});
  } catch (const std::exception&) {
    return {};
  }
  return stamp;
}

Reloader::Stamps Reloader::stamps() const {
  return {.file = stamp_of(file_), .model = stamp_of(model_), .pose = stamp_of(pose_)};
}

void Reloader::run() {
  bool asked = false;
  MutexLock lock(mutex_);
  while (
      !changed_.wait_for(lock, kBetweenLooks, [this]() OCTET_REQUIRES(mutex_) { return stop_; })) {
    asked = take_reload_request() || asked;
    lock.unlock();
    if (is_due(asked)) {
      asked = false;
      reload();
    }
    lock.lock();
  }
}

// Whether there is something to read, and all of it has rested since the last look.
bool Reloader::is_due(bool asked) {
  Stamps now = stamps();
  const bool rests = now == seen_;
  seen_ = std::move(now);
  if (!rests) return false;
  if (!asked && !differs(seen_.file, tried_.file) && !differs(seen_.model, tried_.model) &&
      !differs(seen_.pose, tried_.pose))
    return false;
  tried_ = seen_;
  return true;
}

void Reloader::reload() {
  try {
    apply(read_live_config(file_));
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

// Compares with what runs: the last attempt may have failed.
bool Reloader::wants_new_model(const LiveConfig& config) const {
  return differs(tried_.model, loaded_.model) || differs(tried_.pose, loaded_.pose) ||
         !changed_options(running_, config, TakesEffect::kNewModel).empty();
}

// The files of the start are written until the end. The cameras and the model have to suit them,
// whatever the configuration says of files by now.
void Reloader::keep_outputs(LiveConfig& config) const {
  LiveOptions& live = config.watch.live;
  live.save = started_.watch.live.save;
  live.snapshot = started_.watch.live.snapshot;
  live.jsonl = started_.watch.live.jsonl;
  config.site.drift = started_.site.drift;
  if (config.cameras.size() > 1 && !live.save.path.empty())
    fail("sources: {} was begun at the start, and a video shows one source; restart for more",
         live.save.path.string());
  require_other_files(config);
}

void Reloader::apply(LiveConfig config) {
  warn_of_refused(config);
  config.detector.runtime.cache = started_.detector.runtime.cache;
  config.detector.runtime.settings = started_.detector.runtime.settings;
  config.watch.camera.bad_picture = started_.watch.camera.bad_picture;
  keep_outputs(config);
  require_sources(config.cameras);
  model_ = config.detector.model;
  pose_ = config.pose;
  tried_.model = stamp_of(model_);
  tried_.pose = stamp_of(pose_);
  WatchChange change{.cameras = config.cameras,
                     .camera = config.watch.camera,
                     .attention = config.watch.attention,
                     .people = config.watch.people};
  const bool new_model = wants_new_model(config);
  if (new_model) {
    change.detectors = make_detectors(config.detector, config.auto_size, camera_size_);
    change.poser = make_poser(config.detector, config.pose, *change.detectors[0]);
  }
  watch_.change(std::move(change));
  if (new_model) loaded_ = tried_;
  for (const LiveOption& option : live_options()) {
    if (option.takes_effect == TakesEffect::kNextFrame)
      option.page.apply(config, watch_.controls());
  }
  running_ = std::move(config);
}

}  // namespace octet
