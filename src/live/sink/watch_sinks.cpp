#include "live/sink/watch_sinks.h"

#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "live/sink/annotate.h"

namespace octet {
namespace {

constexpr size_t kLinesBehind = 256, kPicturesBehind = 8;
constexpr double kVideoRate = 30;  // of --save, at most; frames stand where they were taken

}  // namespace

WatchSinks::WatchSinks(const LiveOptions& options, bool complete) : complete_(complete) {
  if (!options.jsonl.path.empty()) {
    lines_file_.emplace(options.jsonl);
    lines_.emplace("--jsonl", kLinesBehind, [this](SharedResult& r) { lines_file_->write(*r); });
  }
  if (options.save.path.empty() && options.snapshot.empty()) return;
  pictures_.emplace(
      Pictures::Options{.video = options.save, .fps = kVideoRate, .snapshot = options.snapshot});
  drawings_.emplace("--save", kPicturesBehind, [this](Drawing& d) {
    pictures_->add(annotated(d.picture, *d.result), d.result->detections, d.seconds,
                   d.result->camera_id);
  });
}

void WatchSinks::give(const SharedResult& result, CameraFrame& frame) {
  if (lines_) complete_ ? lines_->add(result) : lines_->offer(result);
  if (!drawings_) return;
  const double seconds = video_seconds(result->camera_id, frame.seconds);
  Drawing d{std::exchange(frame.picture, {}), result, seconds};
  complete_ ? drawings_->add(std::move(d)) : drawings_->offer(std::move(d));
}

// Each camera counts from its own first frame. The time of the video goes on where another camera
// takes over.
double WatchSinks::video_seconds(int64_t camera, double seconds) {
  if (camera != camera_) zero_ = seconds - (camera_ < 0 ? 0 : last_seconds_ + 1 / kVideoRate);
  camera_ = camera;
  last_seconds_ = seconds - zero_;
  return last_seconds_;
}

void WatchSinks::finish() {
  std::string lost = lines_ ? lines_->finish() : "";
  if (drawings_ && lost.empty()) lost = drawings_->finish();
  if (!lost.empty() && complete_) fail("{}", lost);
  if (!lost.empty()) log_warning("{}", lost);
  if (pictures_) pictures_->finish();
}

}  // namespace octet
