#include "live/watch.h"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/hot_path.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "live/sink/watch_sinks.h"

namespace octet {
namespace {

constexpr size_t kUsualEvents = 16;  // of a frame
// The first frame waited for the model, and engines are slow at first. Both say nothing of later ages.
constexpr int64_t kColdResults = 3;

using std::chrono::milliseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr milliseconds kBreath{100};  // how soon a request to stop is seen
constexpr int kMostFailures = 10;
constexpr size_t kMostRetired = 256;  // changes whose cameras have not ended yet
constexpr size_t kUsualObjects = 64;  // in a picture; more take more memory when they come

void reserve(Detections& detections) {
  detections.items.reserve(kUsualObjects);
  detections.keypoints.reserve(kUsualObjects *
                               static_cast<size_t>(detections.keypoints_per_object));
}

}  // namespace

struct Watch::CameraContext {
  CameraContext(int64_t number, const CameraSpec& spec, const CameraOptions& options,
                const FramePolicyOptions& attention_options, Doorbell& doorbell)
      : id(number),
        camera(spec, options, doorbell),
        attention(attention_options, spec.regions),
        regions(spec.regions),
        region_spec(std::make_shared<const RegionSpec>(spec.regions)) {}
  void watch_regions(const RegionSpec& spec) {
    regions = Regions(spec);
    region_spec = std::make_shared<const RegionSpec>(spec);
  }

  int64_t id;
  Camera camera;
  CameraCounters tally;
  FramePolicy attention;
  PersonPoses poses;
  Regions regions;
  std::shared_ptr<const RegionSpec> region_spec;  // the same, to be kept by results
  int64_t served = -1;                            // when it had its last turn, counted in results
};

Watch::Places::iterator Watch::find_camera(Places& places, const CameraSpec& spec) {
  return std::find_if(places.begin(), places.end(), [&](const auto& place) {
    return place && place->camera.spec().name == spec.name &&
           place->camera.spec().address == spec.address;
  });
}

Watch::Watch(const std::vector<CameraSpec>& specs, const WatchOptions& options)
    : options_(options) {
  controls_.confidence = options.live.decode.score_threshold;
  controls_.iou = options.live.decode.iou_threshold;
  controls_.max_age_ms = options.max_age_ms;
  controls_.skip = options.skip;
  for (const CameraSpec& spec : specs)
    places_.push_back(std::make_unique<CameraContext>(next_id_++, spec, options.camera,
                                                      options.attention, doorbell_));
}

Watch::~Watch() = default;

bool Watch::all_over() const {
  return std::all_of(places_.begin(), places_.end(),
                     [](const auto& place) { return place->camera.is_over(); });
}

std::optional<Size> Watch::wait_for_size(milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  while (Clock::now() < deadline && !stop_ && !stop_requested() && !all_over()) {
    for (const auto& place : places_) {
      if (const CameraStatus status = place->camera.status(); status.frames > 0) return status.size;
    }
    doorbell_.wait(kBreath);
  }
  return std::nullopt;
}

// The frame whose turn it is: of the camera that waited longest for one.
Watch::CameraContext* Watch::take_frame() {
  const MutexLock lock(mutex_);
  std::sort(places_.begin(), places_.end(),
            [](const auto& a, const auto& b) { return a->served < b->served; });
  for (const auto& place : places_) {
    if (!place->camera.take(frame_)) continue;
    place->tally.skipped_newer += frame_.replaced;
    const auto limit = milliseconds(controls_.max_age_ms);
    if (limit.count() == 0 || Clock::now() - frame_.picture.captured <= limit) return place.get();
    ++place->tally.skipped_old;
  }
  return nullptr;
}

bool Watch::detect_next(WatchSinks& sinks) {
  CameraContext* place = take_frame();
  if (place == nullptr) return false;
  const auto look = try_to_look(*place);
  if (!look) return true;
  const SharedResult result = record(*place, *look);
  const ForeignCall sink;
  if (options_.on_result) options_.on_result(result, frame_.picture);
  sinks.give(result, frame_);
  return true;
}

// Nothing when the engine failed; it is given a new request then. Where every frame counts, and
// when it fails again and again, the Error ends the watch.
std::optional<FrameDecision> Watch::try_to_look(CameraContext& place) {
  try {
    const FrameDecision chosen = look(place);
    failures_ = 0;
    return chosen;
  } catch (const std::exception& e) {
    if (options_.camera.complete || ++failures_ >= kMostFailures) throw;
    log_warning("{}: the engine failed: {}", place.camera.spec().name, e.what());
    jobs_[now_] = detectors_[now_]->make_job();
    if (poser_) poser_->renew();
    const MutexLock lock(mutex_);
    ++place.tally.failed;
    return std::nullopt;
  }
}

FrameDecision Watch::look(CameraContext& place) {
  place.attention.require_tracks(poser_ != nullptr);
  const FrameDecision chosen = detect(place);
  find_keypoints(place, chosen);
  return chosen;
}

FrameDecision Watch::detect(CameraContext& place) {
  place.attention.set_skip(controls_.skip, governor_ ? governor_->step().skip : 0);
  const FrameDecision chosen = place.attention.look(frame_.picture, frame_.seconds, detections_);
  if (chosen != FrameDecision::kDetect) return chosen;
  DecodeOptions decode = options_.live.decode;
  const float confidence = controls_.confidence;
  decode.score_threshold = place.attention.least_confidence(confidence);
  decode.iou_threshold = controls_.iou;
  frame_.picture.submit(*jobs_[now_]);
  jobs_[now_]->finish(decode, detections_);
  place.attention.found(detections_, frame_.seconds, confidence);
  return chosen;
}

void Watch::find_keypoints(CameraContext& place, FrameDecision look) {
  if (!poser_) return;
  const PersonPoses::Frame frame{.seconds = frame_.seconds,
                                 .look = look,
                                 .person_class = poser_->person_class(),
                                 .keypoints = poser_->keypoints()};
  const auto find = [this](const PixelBox& box, std::vector<Keypoint>& points) {
    const auto time = frame_.picture.find(*poser_, box, points);
    const MutexLock lock(mutex_);
    pose_status_->time.add(time);
    return time;
  };
  people_ = place.poses.update(detections_, frame, options_.people, find);
}

// Into the figures of all cameras.
void Watch::count(const CameraContext& place, FrameDecision look, Clock::time_point now) {
  const Milliseconds age = now - frame_.picture.captured;
  if (results_++ == 0) {
    first_result_ms_ = time_since_process_start().count();
    first_cpu_ms_ = process_usage().cpu.count();
    first_result_ = now;
  } else {
    intervals_.add(now - last_result_);
  }
  last_result_ = now;
  if (results_ == kColdResults + 1) ages_ = {};
  ages_.add(age);
  if (look == FrameDecision::kDetect) {
    inferences_.add(jobs_[now_]->inference_time());
    overheads_.add(age - jobs_[now_]->inference_time());
  }
  if (governor_)
    meter_.add(place.id, age.count(), detections_, frame_.picture.size(),
               detectors_[now_]->input_size());
}

// Results go round in a pool: each keeps its memory for the next frame.
SharedResult Watch::record(CameraContext& place, FrameDecision look) {
  const auto now = Clock::now();
  const Milliseconds age = now - frame_.picture.captured;
  count(place, look, now);
  auto result = pool_.take();
  const MutexLock lock(mutex_);
  place.served = results_;
  if (pose_status_) {
    ++pose_status_->frames;
    pose_status_->people += people_.looked;
    pose_status_->skipped += people_.skipped;
  }
  CameraCounters& tally = place.tally;
  ++(look == FrameDecision::kDetect  ? tally.detected
     : look == FrameDecision::kTrack ? tally.tracked
                                     : tally.still);
  if (results_ == kColdResults + 1) {
    for (const auto& camera : places_) camera->tally.age = {};
  }
  tally.age.add(age);
  result->events.reserve(kUsualEvents);
  result->events =
      place.regions.update(detections_, *class_names_, frame_.picture.size(), frame_.seconds);
  result->camera_id = place.id;
  result->camera = place.camera.spec().name;
  result->frame = frame_.number;
  result->seconds = frame_.seconds;
  result->captured = epoch_seconds(frame_.picture.captured);
  result->age_ms = age.count();
  result->look = look;
  result->skipped_newer = tally.skipped_newer;
  result->skipped_old = tally.skipped_old;
  reserve(result->detections);
  result->detections = detections_;
  result->class_names = class_names_;
  result->skeleton = skeleton_;
  result->top_down = poser_ != nullptr;
  result->regions = place.region_spec;
  result->counts = place.regions.counts();
  return pool_.share(std::move(result));
}

std::vector<CameraSummary> Watch::cameras() const {
  std::vector<CameraSummary> out;
  const MutexLock lock(mutex_);
  for (const auto& place : places_) {
    out.push_back({.id = place->id,
                   .name = place->camera.spec().name,
                   .status = place->camera.status(),
                   .tally = place->tally,
                   .regions = place->region_spec,
                   .counts = place->regions.counts()});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

milliseconds Watch::since_last_turn() const {
  const Clock::time_point last{Clock::duration(last_turn_.load())};
  return std::chrono::duration_cast<milliseconds>(Clock::now() - last);
}

void Watch::change(WatchChange change) {
  PendingChange next{.change = std::move(change), .opened = {}};
  std::optional<PendingChange> before;  // ends after the lock does: its cameras take a while
  {
    const MutexLock lock(change_mutex_);
    open_new_cameras(next);
    before.swap(change_);
    if (before && next.change.detectors.empty()) {
      next.change.detectors = std::move(before->change.detectors);
      next.change.poser = std::move(before->change.poser);
    }
    change_ = std::move(next);
  }
  doorbell_.ring();
}

void Watch::open_new_cameras(PendingChange& next) {
  for (const CameraSpec& spec : next.change.cameras) {
    {
      const MutexLock lock(mutex_);
      if (find_camera(places_, spec) != places_.end()) continue;
    }
    next.opened.push_back(std::make_unique<CameraContext>(next_id_++, spec, next.change.camera,
                                                          next.change.attention, doorbell_));
  }
}

void Watch::use(Detectors detectors, std::unique_ptr<PersonPoser> poser) {
  if (!detectors_.empty()) forget_objects();
  jobs_.clear();  // they must not outlive their detectors
  detectors_ = std::move(detectors);
  poser_ = std::move(poser);
  people_ = {};
  std::vector<int> sides;
  for (const auto& detector : detectors_) {
    jobs_.push_back(detector->make_job());
    sides.push_back(longer_side(detector->input_size()));
  }
  class_names_ = std::make_shared<const std::vector<std::string>>(detectors_[0]->info().names);
  skeleton_ = std::make_shared<const Skeleton>(poser_ ? poser_->skeleton()
                                                      : detectors_[0]->info().skeleton());
  now_ = 0;
  if (options_.goals.any()) governor_.emplace(options_.goals, sides);
  const MutexLock lock(mutex_);
  if (governor_) governor_status_.emplace();
  inputs_ = {.model = detectors_[0]->file().filename().string(),
             .network = detectors_[0]->description()};
  for (const auto& detector : detectors_) inputs_.sizes.push_back(detector->input_size());
  pose_status_.reset();
  if (poser_) pose_status_.emplace().network = poser_->file().filename().string();
}

// Of zones and lines; from the thread of run().
void Watch::say_unknown_classes() const {
  for (const auto& place : places_) {
    const auto unknown = unknown_classes(*place->region_spec, *class_names_);
    if (!unknown.empty())
      log_warning("{}: zones and lines name {}, which the model does not know; its classes are {}",
                  place->camera.spec().name, fmt::join(unknown, ", "),
                  fmt::join(*class_names_, ", "));
  }
}

// Their classes and keypoints are those of the model before.
void Watch::forget_objects() {
  const MutexLock lock(mutex_);
  for (const auto& place : places_) {
    place->attention.forget_objects();
    place->poses.forget();
  }
  detections_ = {};
}

// Once a second.
void Watch::govern() {
  if (!governor_ || !meter_.is_due()) return;
  up_.clear();
  for (const auto& place : places_) {
    if (place->camera.is_up()) up_.push_back(place->id);
  }
  const auto second = meter_.end_second(up_);
  if (!second || !governor_->see(*second)) return;
  log_info("{}", governor_->reason());
  const MutexLock lock(mutex_);
  governor_status_ = GovernorStatus{.skip = governor_->step().skip, .reason = governor_->reason()};
}

// The one that was asked for, else as the governor decides.
void Watch::choose_input() {
  size_t next = governor_ ? governor_->step().size : 0;
  const int side = controls_.side;
  for (size_t i = 0; i < detectors_.size(); ++i) {
    if (side > 0 && longer_side(detectors_[i]->input_size()) == side) next = i;
  }
  now_ = next;
}

InputStatus Watch::inputs() const {
  const MutexLock lock(mutex_);
  InputStatus out = inputs_;
  out.now = now_;
  return out;
}

std::optional<GovernorStatus> Watch::governor() const {
  const MutexLock lock(mutex_);
  return governor_status_;
}

std::optional<PoseStatus> Watch::pose() const {
  const MutexLock lock(mutex_);
  return pose_status_;
}

// The camera that is there already, or the one that was opened for the change. None: it is named
// twice.
std::unique_ptr<Watch::CameraContext> Watch::place_for(const CameraSpec& spec,
                                                       PendingChange& pending) {
  if (const auto opened = find_camera(pending.opened, spec); opened != pending.opened.end())
    return std::move(*opened);
  const auto at = find_camera(places_, spec);
  if (at == places_.end()) return nullptr;
  const FramePolicyOptions& attention = pending.change.attention;
  const bool other_regions = (*at)->regions.spec() != spec.regions;
  if (other_regions) (*at)->watch_regions(spec.regions);
  if (other_regions || attention != options_.attention) {
    (*at)->attention = FramePolicy(attention, spec.regions);
    (*at)->poses.forget();  // tracks are counted anew
  }
  return std::move(*at);
}

// Between change() and this no camera goes away that it counts on: both hold the lock.
void Watch::apply_change() {
  Places gone;
  MutexLock change_lock(change_mutex_);
  if (!change_) return;
  PendingChange pending = std::move(*change_);
  change_.reset();
  if (!pending.change.detectors.empty())
    use(std::move(pending.change.detectors), std::move(pending.change.poser));
  MutexLock lock(mutex_);
  Places places;
  for (const CameraSpec& spec : pending.change.cameras) {
    if (auto place = place_for(spec, pending)) places.push_back(std::move(place));
  }
  gone = std::exchange(places_, std::move(places));
  options_.attention = pending.change.attention;
  options_.people = pending.change.people;
  say_unknown_classes();
  lock.unlock();
  change_lock.unlock();
  retire(std::move(gone));
}

// What is left of the old ones ends elsewhere: a camera may take a while to let go.
void Watch::retire(Places gone) {
  std::erase(gone, nullptr);  // those that stay
  if (gone.empty()) return;
  for (const auto& place : gone) place->camera.request_stop();
  try {
    if (!retired_)
      retired_.emplace("cameras that were taken out", kMostRetired,
                       [](Places& places) { places.clear(); });
    retired_->offer(std::move(gone));
  } catch (const std::system_error& e) {  // no thread for it: it ends here
    log_warning("cameras that were taken out hold up the others: {}", e.what());
  }
}

// Sources are over, or as much was seen as was asked for.
bool Watch::is_over() const {
  const LiveOptions& live = options_.live;
  if (live.max_frames > 0 && results_ >= live.max_frames) return true;
  if (live.max_seconds > 0 && results_ > 0 &&
      std::chrono::duration<double>(Clock::now() - first_result_).count() >= live.max_seconds)
    return true;
  return all_over();
}

WatchSummary Watch::run(Detectors detectors, std::unique_ptr<PersonPoser> poser) {
  use(std::move(detectors), std::move(poser));
  say_unknown_classes();
  WatchSinks sinks(options_.live, options_.camera.complete);
  std::optional<Progress> progress;
  if (options_.progress) progress.emplace(options_.live.max_frames, "frames");
  while (!stop_ && !stop_requested() && !is_over()) {
    const HotPath hot;
    last_turn_ = Clock::now().time_since_epoch().count();
    if (!detect_next(sinks)) doorbell_.wait(kBreath);
    apply_change();
    govern();
    choose_input();
    if (progress && progress->due())
      progress->update(results_, fmt::format("age p50 {:.0f} ms p99 {:.0f} ms",
                                             ages_.quantile_ms(0.5), ages_.quantile_ms(0.99)));
  }
  sinks.finish();
  return summarize();
}

WatchSummary Watch::summarize() const {
  WatchSummary out;
  LiveSummary& s = out.all;
  out.cameras = cameras();
  out.pose = pose();
  for (const CameraSummary& c : out.cameras) {
    s.frames += c.status.frames;
    s.detected += c.tally.detected;
    s.dropped += c.tally.skipped_newer + c.tally.skipped_old;
  }
  s.interrupted = stop_requested();
  if (results_ == 0) return out;
  const double seconds = std::chrono::duration<double>(last_result_ - first_result_).count();
  s.fps = seconds > 0 ? static_cast<double>(results_ - 1) / seconds : 0;
  s.frame_ms_p50 = intervals_.quantile_ms(0.5);
  s.frame_ms_p99 = intervals_.quantile_ms(0.99);
  s.age_ms_p50 = ages_.quantile_ms(0.5);
  s.age_ms_p99 = ages_.quantile_ms(0.99);
  out.inference_ms_p50 = inferences_.quantile_ms(0.5);
  out.overhead_ms_p50 = overheads_.quantile_ms(0.5);
  s.first_result_ms = first_result_ms_;
  const ProcessUsage usage = process_usage();
  s.rss_mb = usage.peak_rss_mb;
  s.cpu_ms_per_frame = usage.cpu.count() / static_cast<double>(std::max<int64_t>(1, s.detected));
  s.cpu_percent = percent_of_cores(usage.cpu.count() - first_cpu_ms_, seconds);
  return out;
}

}  // namespace octet
