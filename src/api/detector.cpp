#include "detect/detector.h"

#include <octet/detector.h>

#include <utility>
#include <vector>

#include "api/convert.h"
#include "api/detector_options.h"
#include "api/guard.h"
#include "core/error.h"
#include "core/mutex.h"
#include "media/image/image_io.h"

namespace octet::v0 {
namespace {

// What one call at a time needs.
struct Lane {
  std::unique_ptr<Job> job;
  octet::Detections found;
  std::vector<uint8_t> rgb;
};

// Lanes that are free, and how many there may still be.
class Lanes {
 public:
  explicit Lanes(int most) : left_(most) {}

  // Waits for a free one. Without a job: it is new.
  std::unique_ptr<Lane> take() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return !free_.empty() || left_ > 0; });
    if (free_.empty()) {
      --left_;
      return std::make_unique<Lane>();
    }
    auto lane = std::move(free_.back());
    free_.pop_back();
    return lane;
  }

  // None: it failed, and another may take its place.
  void give_back(std::unique_ptr<Lane> lane) {
    {
      const MutexLock lock(mutex_);
      if (lane) {
        free_.push_back(std::move(lane));
      } else {
        ++left_;
      }
    }
    changed_.notify_one();
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::vector<std::unique_ptr<Lane>> free_ OCTET_GUARDED_BY(mutex_);
  int left_ OCTET_GUARDED_BY(mutex_);
};

}  // namespace

struct DetectorState {
  DetectorState(const std::filesystem::path& model, const DetectorOptions& options,
                const StopFlag& stop)
      : log(options.log),
        listener(log),
        detector(to_inner(model, options, stop)),
        info(to_public(detector.artifact())),
        lanes(options.parallel) {
    detector.say_other_size();
  }

  Detections detect(const ImageView& image, const DetectOptions& options) {
    const DecodeOptions decode = to_inner(options);
    auto lane = lanes.take();
    try {
      if (!lane->job) lane->job = detector.make_job();
      lane->job->submit(rgb_view(image, lane->rgb));
      lane->job->finish(decode, lane->found);
      Detections found = to_public(lane->found, info.class_names);
      lanes.give_back(std::move(lane));
      return found;
    } catch (...) {
      lane.reset();
      lanes.give_back(nullptr);
      throw;
    }
  }

  Log log;
  LogListener listener;
  octet::Detector detector;
  ModelInfo info;
  Lanes lanes;
};

Detector::Detector(const std::filesystem::path& model, const DetectorOptions& options)
    : state_(guarded(options.log, [&] {
        const StopFlag stop(options.stop);
        return std::make_unique<DetectorState>(model, options, stop);
      })) {}

Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

Detections Detector::detect(const ImageView& image, const DetectOptions& options) const {
  return guarded(state_->log, [&] { return state_->detect(image, options); });
}

Detections Detector::detect(const std::filesystem::path& image,
                            const DetectOptions& options) const {
  return guarded(state_->log,
                 [&] { return state_->detect(to_public(octet::read_image(image)), options); });
}

const ModelInfo& Detector::info() const { return state_->info; }

Size Detector::input_size() const {
  const octet::Size size = state_->detector.input_size();
  return {size.width, size.height};
}

std::string Detector::engine() const {
  const NetworkDescription& network = state_->detector.description();
  return fmt::format("{}, {}", network.engine, network.precision);
}

}  // namespace octet::v0
