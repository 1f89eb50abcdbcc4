#include "serve/reloader.h"

#include <fmt/ranges.h>

#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"

namespace octet {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{250};

bool same_size(const std::optional<SizeOption>& a, const std::optional<SizeOption>& b) {
  return a.has_value() == b.has_value() && (!a || (a->size == b->size && a->exact == b->exact));
}

bool same_detector(const DetectorOptions& a, const DetectorOptions& b) {
  return a.model == b.model && a.engine == b.engine && same_size(a.size, b.size) &&
         a.runtime.threads == b.runtime.threads && a.runtime.precision == b.runtime.precision &&
         a.runtime.settings == b.runtime.settings;
}

// What is read at the start only.
std::vector<std::string> needs_restart(const LiveConfig& a, const LiveConfig& b) {
  std::vector<std::string> names;
  if (a.http != b.http) names.emplace_back("http");
  if (a.mqtt != b.mqtt) names.emplace_back("mqtt");
  if (a.events != b.events) names.emplace_back("events");
  if (a.watch.live.jsonl != b.watch.live.jsonl) names.emplace_back("jsonl");
  if (a.watch.live.save != b.watch.live.save) names.emplace_back("save");
  if (a.watch.goals != b.watch.goals) names.emplace_back("target-fps, cpu-budget, max-age-ms");
  if (a.watch.camera.complete != b.watch.camera.complete) names.emplace_back("realtime");
  return names;
}

double now_in_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Reloader::Reloader(std::filesystem::path file, LiveConfig running, Size camera_size, Watch& watch)
    : file_(std::move(file)),
      running_(std::move(running)),
      camera_size_(camera_size),
      watch_(watch),
      file_stamp_(stamp_of(file_)),
      model_stamp_(stamp_of(running_.detector.model)),
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
    const bool model_changed = model != model_stamp_ && model != Stamp{};
    if (!asked && !model_changed && (file == file_stamp_ || file == Stamp{})) continue;
    file_stamp_ = file;
    model_stamp_ = model;
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

void Reloader::apply(LiveConfig config, bool model_changed) {
  config.detector.runtime.cache = running_.detector.runtime.cache;
  const auto names = needs_restart(running_, config);
  if (!names.empty())
    log_warning("{}: {}: what changed there takes effect at the next start", file_.string(),
                fmt::join(names, ", "));
  WatchChange change{.cameras = config.cameras,
                     .camera = config.watch.camera,
                     .attention = config.watch.attention};
  if (model_changed || running_.auto_size != config.auto_size ||
      !same_detector(running_.detector, config.detector)) {
    change.detectors = make_detectors(config, camera_size_);
  }
  const LiveOptions& live = config.watch.live;
  watch_.controls().confidence = static_cast<double>(live.decode.score_threshold);
  watch_.controls().iou = static_cast<double>(live.decode.iou_threshold);
  watch_.controls().max_age_ms = config.watch.max_age_ms;
  watch_.controls().skip = config.watch.skip;
  watch_.change(std::move(change));
  running_ = std::move(config);
}

}  // namespace octet
