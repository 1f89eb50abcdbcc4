#include "live/watch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "live/background.h"
#include "live/sinks.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr milliseconds kBreath{100};  // how soon a request to stop is seen
constexpr size_t kLinesBehind = 256;
constexpr double kVideoRate = 30;  // of --save, at most; frames stand where they were taken
constexpr size_t kPicturesBehind = 8;

// As time of day, though what was measured is on a clock that does not jump.
double epoch_seconds(Clock::time_point at) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now - (Clock::now() - at)).count();
}

// 0.7F is shown as 0.7.
double rounded(float share) { return std::round(1e4 * static_cast<double>(share)) / 1e4; }

}  // namespace

struct Watch::Sinks {
  struct Drawn {
    Picture picture;
    Detections detections;
    double seconds = 0;
  };

  Sinks(const LiveOptions& options, double fps, const std::vector<std::string>& names) {
    if (!options.jsonl.empty()) {
      lines_file.emplace(options.jsonl);
      lines.emplace("--jsonl", kLinesBehind,
                    [this, names](StreamResult& r) { lines_file->write(r, names); });
    }
    if (options.save.empty() && options.snapshot.empty()) return;
    pictures.emplace(
        Pictures::Options{.video = options.save, .snapshot = options.snapshot, .fps = fps});
    drawn.emplace("--save", kPicturesBehind, [this, names](Drawn& d) {
      pictures->add(d.picture.to_rgb(), d.detections, names, d.seconds);
    });
  }
  void give(const StreamResult& result, CameraFrame& frame, bool complete) {
    if (lines) complete ? lines->add(result) : lines->offer(result);
    if (!drawn) return;
    if (first_seconds < 0) first_seconds = frame.seconds;
    Drawn d{std::exchange(frame.picture, {}), result.detections, frame.seconds - first_seconds};
    complete ? drawn->add(std::move(d)) : drawn->offer(std::move(d));
  }
  // The files are complete after this. Where every frame counts, one that was lost is an Error.
  void finish(bool complete) {
    std::string lost = lines ? lines->finish() : "";
    if (drawn && lost.empty()) lost = drawn->finish();
    if (!lost.empty() && complete) fail("{}", lost);
    if (!lost.empty()) log_warning("{}", lost);
    if (pictures) pictures->finish();
  }

  double first_seconds = -1;
  std::optional<JsonLines> lines_file;
  std::optional<Pictures> pictures;
  std::optional<Background<StreamResult>> lines;
  std::optional<Background<Drawn>> drawn;
};

Watch::Watch(const std::vector<CameraSpec>& specs, const WatchOptions& options)
    : options_(options),
      tallies_(specs.size()),
      attention_(specs.size(), Attention(options.attention)),
      order_(specs.size()),
      served_(specs.size(), -1) {
  controls_.confidence = rounded(options.live.decode.score_threshold);
  controls_.iou = rounded(options.live.decode.iou_threshold);
  controls_.max_age_ms = options.max_age_ms;
  std::iota(order_.begin(), order_.end(), 0);
  for (const CameraSpec& spec : specs)
    cameras_.push_back(std::make_unique<Camera>(spec, options.camera, doorbell_));
}

Watch::~Watch() = default;

bool Watch::all_over() const {
  return std::all_of(cameras_.begin(), cameras_.end(), [](const auto& c) { return c->is_over(); });
}

std::optional<Size> Watch::wait_for_size(milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  while (Clock::now() < deadline && !stop_requested() && !all_over()) {
    for (const auto& camera : cameras_) {
      if (const CameraStatus status = camera->status(); status.frames > 0) return status.size;
    }
    doorbell_.wait(kBreath);
  }
  return std::nullopt;
}

// The frame whose turn it is: of the camera that waited longest for one.
std::optional<size_t> Watch::take_frame() {
  std::sort(order_.begin(), order_.end(),
            [&](size_t a, size_t b) { return served_[a] < served_[b]; });
  for (const size_t i : order_) {
    if (!cameras_[i]->take(frame_)) continue;
    const std::scoped_lock lock(tallies_mutex_);
    tallies_[i].skipped_newer += frame_.replaced;
    const auto limit = milliseconds(controls_.max_age_ms);
    if (limit.count() == 0 || Clock::now() - frame_.picture.captured <= limit) return i;
    ++tallies_[i].skipped_old;
  }
  return std::nullopt;
}

bool Watch::detect_next(Job& job, Sinks& sinks) {
  const auto camera = take_frame();
  if (!camera) return false;
  const StreamResult result = record(*camera, look(*camera, job));
  if (options_.on_result) options_.on_result(result, frame_.picture);
  sinks.give(result, frame_, options_.camera.complete);
  return true;
}

Look Watch::look(size_t camera, Job& job) {
  Attention& attention = attention_[camera];
  const Look chosen = attention.look(frame_.picture, frame_.seconds, detections_);
  if (chosen != Look::kDetect) return chosen;
  DecodeOptions decode = options_.live.decode;
  const auto confidence = static_cast<float>(controls_.confidence.load());
  decode.score_threshold = attention.least_confidence(confidence);
  decode.iou_threshold = static_cast<float>(controls_.iou.load());
  frame_.picture.submit(job);
  job.finish(decode, detections_);
  attention.found(detections_, frame_.seconds, confidence);
  return chosen;
}

StreamResult Watch::record(size_t camera, Look look) {
  served_[camera] = results_;
  const auto now = Clock::now();
  const Milliseconds age = now - frame_.picture.captured;
  if (results_++ == 0) {
    first_result_ms_ = time_since_process_start().count();
    first_result_ = now;
  } else {
    intervals_.add(now - last_result_);
  }
  last_result_ = now;
  ages_.add(age);
  const std::scoped_lock lock(tallies_mutex_);
  CameraTally& tally = tallies_[camera];
  ++(look == Look::kDetect ? tally.detected : look == Look::kTrack ? tally.tracked : tally.still);
  tally.age.add(age);
  return {.camera = cameras_[camera]->name(),
          .frame = frame_.number,
          .captured = epoch_seconds(frame_.picture.captured),
          .age_ms = age.count(),
          .look = look,
          .skipped_newer = tally.skipped_newer,
          .skipped_old = tally.skipped_old,
          .detections = detections_};
}

std::vector<CameraSummary> Watch::cameras() const {
  const std::scoped_lock lock(tallies_mutex_);
  std::vector<CameraSummary> out;
  for (size_t i = 0; i < cameras_.size(); ++i)
    out.push_back({cameras_[i]->name(), cameras_[i]->status(), tallies_[i]});
  return out;
}

WatchSummary Watch::run(Detector& detector) {
  Sinks sinks(options_.live, kVideoRate, detector.info().names);
  const auto job = detector.make_job();
  Progress progress(options_.live.max_frames);
  while (!stop_ && !stop_requested() && !all_over() &&
         (options_.live.max_frames == 0 || results_ < options_.live.max_frames)) {
    if (!detect_next(*job, sinks)) doorbell_.wait(kBreath);
    if (progress.due())
      progress.update(results_, fmt::format("age p50 {:.0f} ms p99 {:.0f} ms",
                                            ages_.quantile_ms(0.5), ages_.quantile_ms(0.99)));
  }
  sinks.finish(options_.camera.complete);
  return summarize();
}

WatchSummary Watch::summarize() const {
  WatchSummary out;
  LiveSummary& s = out.all;
  out.cameras = cameras();
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
  s.first_result_ms = first_result_ms_;
  const ProcessUsage usage = process_usage();
  s.rss_mb = usage.peak_rss_mb;
  s.cpu_ms_per_frame = usage.cpu.count() / static_cast<double>(std::max<int64_t>(1, s.detected));
  return out;
}

}  // namespace octet
