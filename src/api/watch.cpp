#include "live/watch.h"

#include <octet/watch.h>

#include <exception>
#include <optional>
#include <utility>

#include "api/convert.h"
#include "api/detector_options.h"
#include "api/guard.h"
#include "core/error.h"
#include "media/stream/stream.h"

namespace octet::v0 {
namespace {

using OnFrame = std::function<void(const WatchFrame&)>;

constexpr octet::Size kUsualCamera{1280, 720};  // its shape, while no camera has shown its own

octet::WatchOptions watch_options(const std::vector<CameraSpec>& cameras,
                                  const WatchOptions& options) {
  octet::WatchOptions out;
  out.live.decode = to_inner(options.detect);
  out.live.max_frames = options.max_frames;
  out.max_age_ms = options.max_age.count();
  out.attention.track = options.track;
  out.camera.realtime = options.real_time;
  out.camera.complete = !options.real_time;
  for (const CameraSpec& camera : cameras)
    out.camera.complete = out.camera.complete && !is_stream(camera.address);
  out.progress = false;
  return out;
}

std::vector<CameraSpec> camera_specs(const std::vector<WatchSource>& sources) {
  if (sources.empty()) fail_usage("sources: there is none; name a camera or a file");
  std::vector<CameraSpec> cameras;
  for (const WatchSource& source : sources) {
    for (const CameraSpec& other : cameras) {
      if (other.name == source.name)
        fail_usage("sources: two are called '{}'; give each a name of its own", source.name);
    }
    cameras.push_back({.name = source.name, .address = source.address, .regions = {}});
  }
  require_sources(cameras);
  return cameras;
}

void call(const OnFrame& on_frame, const StreamResult& result, const Picture& picture) {
  const Detections found = to_public(result.detections, *result.class_names);
  const std::function<Image()> image = [&] { return to_public(picture.to_rgb()); };
  on_frame({.source = result.camera,
            .number = result.frame,
            .seconds = result.seconds,
            .age = std::chrono::duration<double, std::milli>(result.age_ms),
            .detections = found,
            .image = image});
}

// What a file that ended early says.
void require_complete(const WatchSummary& summary) {
  for (const CameraSummary& camera : summary.cameras) {
    if (camera.status.state == CameraState::kEnded && !camera.status.error.empty())
      fail("{}", camera.status.error);
  }
}

// None: it was stopped while the model was tried.
Detectors load(const octet::DetectorOptions& options, octet::Size size, const StopFlag& stop) {
  try {
    return make_detectors(options, false, size);
  } catch (const octet::Error&) {
    if (!stop.flag()) throw;
    return {};
  }
}

// What `on_frame` threw; none where all went well.
std::exception_ptr run(const std::filesystem::path& model, const std::vector<WatchSource>& sources,
                       const OnFrame& on_frame, const WatchOptions& options) {
  const std::vector<CameraSpec> cameras = camera_specs(sources);
  std::exception_ptr thrown;
  Watch* running = nullptr;
  octet::WatchOptions inner = watch_options(cameras, options);
  inner.on_result = [&](const SharedResult& result, const Picture& picture) {
    if (thrown) return;
    try {
      call(on_frame, *result, picture);
    } catch (...) {
      thrown = std::current_exception();
      running->stop();
    }
  };
  Watch live(cameras, inner);
  running = &live;
  const std::stop_callback on_stop(options.stop, [&live] { live.stop(); });
  const StopFlag stop(options.stop);
  const octet::DetectorOptions detector = to_inner(model, options.detector, stop);
  const octet::Size size = live.wait_for_size(inner.camera.stream.patience).value_or(kUsualCamera);
  if (stop.flag()) return nullptr;
  Detectors detectors = load(detector, size, stop);
  if (detectors.empty()) return nullptr;
  const WatchSummary summary = live.run(std::move(detectors));
  if (!thrown && !stop.flag()) require_complete(summary);
  return thrown;
}

}  // namespace

void watch(const std::filesystem::path& model, const std::vector<WatchSource>& sources,
           const std::function<void(const WatchFrame&)>& on_frame, const WatchOptions& options) {
  const std::exception_ptr thrown = guarded(options.detector.log, [&] {
    const LogListener listener(options.detector.log);
    return run(model, sources, on_frame, options);
  });
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace octet::v0
