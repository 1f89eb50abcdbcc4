#include "live/file_pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/concurrency/queue.h"
#include "core/error.h"
#include "core/hot_path.h"
#include "core/mutex.h"
#include "core/numeric/duration_histogram.h"
#include "core/process.h"
#include "core/progress.h"
#include "live/sink/sinks.h"
#include "vision/draw/draw.h"

namespace octet {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr size_t kDecodedAhead = 2;
constexpr size_t kPicturesBehind = 4;

struct Slot {
  Picture picture;
  int64_t index = 0;
  Clock::time_point arrived;
  std::unique_ptr<Job> job;  // while running
  Detections detections;
};

class Pipeline {
 public:
  Pipeline(Detector& detector, Source& source, const LiveOptions& options)
      : detector_(detector),
        source_(source),
        options_(options),
        info_(source.info()),
        class_names_(std::make_shared<const std::vector<std::string>>(detector.info().names)),
        jobs_(static_cast<size_t>(detector.description().parallel) + 1),
        slots_(jobs_ + kDecodedAhead + 2 + (draws(options) ? kPicturesBehind : 0)),
        free_(slots_.size()),
        idle_jobs_(jobs_),
        decoded_(kDecodedAhead),
        running_(jobs_),
        done_(kPicturesBehind) {
    for (Slot& slot : slots_) free_.push(&slot);
    for (size_t i = 0; i < jobs_; ++i) idle_jobs_.push(detector.make_job());
    if (!options.jsonl.path.empty()) lines_.emplace(options.jsonl);
    if (draws(options))
      pictures_.emplace(
          Pictures::Options{.video = options.save, .fps = info_.fps, .snapshot = options.snapshot});
  }

  LiveSummary run() {
    {
      std::vector<std::jthread> stages;
      // A thread that cannot be made is an error of the stages that run already, too.
      guarded(
          [&] {
            stages.emplace_back([this] { guarded([this] { read(); }, {&decoded_}); });
            stages.emplace_back([this] { guarded([this] { submit(); }, {&running_}); });
            if (pictures_) stages.emplace_back([this] { guarded([this] { draw(); }, {}); });
          },
          {});
      guarded([this] { finish(); }, {&done_});
    }
    rethrow_error();
    return summarize();
  }

 private:
  using SlotQueue = BoundedQueue<Slot*>;

  static bool draws(const LiveOptions& options) {
    return !options.save.path.empty() || !options.snapshot.empty();
  }

  // Runs a stage; its end closes the queues after it. An error is kept and closes everything.
  template <typename Stage>
  void guarded(Stage stage, std::initializer_list<SlotQueue*> after) {
    try {
      stage();
      for (SlotQueue* queue : after) queue->close();
    } catch (...) {
      {
        const MutexLock lock(error_mutex_);
        if (!error_) error_ = std::current_exception();
      }
      for (SlotQueue* queue : {&free_, &decoded_, &running_, &done_}) queue->close();
      idle_jobs_.close();
    }
  }

  void read() {
    while (!stop_requested() && (options_.max_frames == 0 || frames_ < options_.max_frames)) {
      const HotPath hot;
      const auto slot = free_.pop();
      if (!slot || !source_.next((*slot)->picture)) return;
      (*slot)->index = frames_++;
      (*slot)->arrived = Clock::now();
      if (!decoded_.push(*slot)) return;
    }
  }

  void submit() {
    while (const auto slot = decoded_.pop()) {
      const HotPath hot;
      auto job = idle_jobs_.pop();
      if (!job) return;
      (*slot)->picture.submit(**job);
      (*slot)->job = std::move(*job);
      if (!running_.push(*slot)) return;
    }
  }

  void finish() {
    Progress progress(options_.max_frames > 0
                          ? std::min(options_.max_frames, std::max<int64_t>(info_.frames, 0))
                          : info_.frames,
                      "frames");
    while (const auto slot = running_.pop()) {
      const HotPath hot;
      Slot& s = **slot;
      s.job->finish(options_.decode, s.detections);
      idle_jobs_.push(std::move(s.job));
      record(s);
      tell(s, progress);
      if (pictures_ ? !done_.push(&s) : !free_.push(&s)) return;
    }
  }

  // Sinks of a result, beside pictures.
  void tell(const Slot& slot, Progress& progress) {
    const ForeignCall sink;
    if (lines_) lines_->write(result_of(slot));
    if (progress.due())
      progress.update(slot.index + 1,
                      fmt::format("{:.1f} fps  {:.0f} ms", recent_fps(), last_age_.count()));
  }

  [[nodiscard]] StreamResult result_of(const Slot& slot) const {
    return {.camera = options_.source_name,
            .frame = slot.index,
            .seconds = slot.picture.seconds,
            .captured = epoch_seconds(slot.arrived),
            .age_ms = last_age_.count(),
            .detections = slot.detections,
            .class_names = class_names_};
  }

  void draw() {
    while (const auto slot = done_.pop()) {
      Image image = (*slot)->picture.to_rgb();
      draw_detections(image, (*slot)->detections, detector_.info().names,
                      detector_.info().skeleton());
      pictures_->add(std::move(image), (*slot)->detections, (*slot)->picture.seconds);
      if (!free_.push(*slot)) return;
    }
    if (!failed()) pictures_->finish();
  }

  void rethrow_error() {
    const MutexLock lock(error_mutex_);
    if (error_) std::rethrow_exception(error_);
  }

  [[nodiscard]] bool failed() {
    const MutexLock lock(error_mutex_);
    return error_ != nullptr;
  }

  void record(const Slot& slot) {
    const auto now = Clock::now();
    if (detected_ == 0) {
      first_result_ms_ = time_since_process_start().count();
      first_cpu_ms_ = process_usage().cpu.count();
      first_result_ = now;
    } else {
      intervals_.add(now - last_result());
    }
    results_[static_cast<size_t>(detected_++) % results_.size()] = now;
    last_age_ = now - slot.arrived;
    ages_.add(last_age_);
  }

  [[nodiscard]] Clock::time_point last_result() const {
    return results_[static_cast<size_t>(detected_ - 1) % results_.size()];
  }

  [[nodiscard]] double recent_fps() const {
    const int64_t window = std::min<int64_t>(detected_, static_cast<int64_t>(results_.size())) - 1;
    const auto first = static_cast<size_t>(detected_ - 1 - window) % results_.size();
    const Milliseconds span = last_result() - results_[first];
    return span.count() > 0 ? 1e3 * static_cast<double>(window) / span.count() : 0;
  }

  [[nodiscard]] LiveSummary summarize() const {
    LiveSummary s{.frames = frames_,
                  .detected = detected_,
                  .interrupted = stop_requested(),
                  .cut_short = source_.cut_short()};
    if (detected_ == 0) return s;
    const double span = Milliseconds(last_result() - first_result_).count();
    s.fps = span > 0 ? 1e3 * static_cast<double>(detected_ - 1) / span : 0;
    s.frame_ms_p50 = intervals_.quantile_ms(0.50);
    s.frame_ms_p99 = intervals_.quantile_ms(0.99);
    s.age_ms_p50 = ages_.quantile_ms(0.50);
    s.age_ms_p99 = ages_.quantile_ms(0.99);
    s.first_result_ms = first_result_ms_;
    const ProcessUsage usage = process_usage();
    s.rss_mb = usage.peak_rss_mb;
    s.cpu_ms_per_frame = usage.cpu.count() / static_cast<double>(detected_);
    s.cpu_percent = percent_of_cores(usage.cpu.count() - first_cpu_ms_, span / 1e3);
    return s;
  }

  Detector& detector_;
  Source& source_;
  const LiveOptions& options_;
  VideoInfo info_;
  std::shared_ptr<const std::vector<std::string>> class_names_;
  size_t jobs_;
  std::vector<Slot> slots_;
  SlotQueue free_;
  BoundedQueue<std::unique_ptr<Job>> idle_jobs_;
  SlotQueue decoded_, running_, done_;
  std::optional<JsonLines> lines_;
  std::optional<Pictures> pictures_;

  Mutex error_mutex_;
  std::exception_ptr error_ OCTET_GUARDED_BY(error_mutex_);

  // Each written by one stage, read after all have ended.
  int64_t frames_ = 0;
  double first_result_ms_ = 0;
  double first_cpu_ms_ = 0;  // of this process, at the first result
  int64_t detected_ = 0;
  Clock::time_point first_result_;
  std::array<Clock::time_point, 31> results_;  // the last ones, in a ring
  Milliseconds last_age_{};
  DurationHistogram intervals_, ages_;
};

}  // namespace

LiveSummary run_live(Detector& detector, Source& source, const LiveOptions& options) {
  return Pipeline(detector, source, options).run();
}

}  // namespace octet
