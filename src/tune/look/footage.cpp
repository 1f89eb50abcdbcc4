#include "tune/look/footage.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/text/secrets.h"
#include "live/source/source.h"
#include "media/image/image_io.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr int kFewestFrames = 4;  // that a rate can be told of
constexpr double kAssumedFps = 30;
constexpr double kRateSeconds = 2;  // that tell the rate
constexpr size_t kEnoughForRate = 8;
constexpr double kSameRate = 0.05;
constexpr double kMostWait = 10;  // seconds, and three times those of the recording
constexpr int kMostFrames = 300;  // of a file, from its start on: each look decodes them

// The number of frames of a file that does not state it, kMostFrames at most.
int count_frames(const std::string& source) {
  const auto reader = open_source(source);
  Picture picture;
  int frames = 0;
  while (!stop_requested() && frames < kMostFrames && reader->next(picture)) ++frames;
  return frames;
}

// First the rate is told without writing, since an encoder may be slower than the camera.
class Recorder {
 public:
  Recorder(Footage& out, double seconds)
      : out_(out), seconds_(seconds), progress_(static_cast<int64_t>(10 * seconds), "recording") {}

  // False: there are enough.
  bool take(const Picture& picture) {
    times_.push_back(picture.seconds);
    if (picture.seconds < kRateSeconds) {
      unhindered_ = times_.size();
      return true;
    }
    if (!writer_) {
      out_.size = picture.size();
      first_ = picture.seconds;
      writer_.emplace(out_.clip, out_.size, kAssumedFps);
    }
    if (picture.size() != out_.size) return true;
    last_ = picture.seconds - first_;
    writer_->write_at(picture.to_rgb(), last_);
    ++out_.frames;
    progress_.update(static_cast<int64_t>(10 * last_));
    return last_ < seconds_;
  }

  void finish() {
    if (out_.frames < kFewestFrames || last_ <= 0)
      fail("{}: gave {} frames of one size in time, which is too few to tune with", out_.name,
           out_.frames);
    writer_->finish();
    out_.fps = rate_of(times_);
    if (unhindered_ < kEnoughForRate) return;
    times_.resize(unhindered_);
    const double unhindered = rate_of(times_);
    // The longer count is the better one, unless the encoder was too slow for it.
    if (std::abs(out_.fps - unhindered) > kSameRate * unhindered) out_.fps = unhindered;
  }

 private:
  Footage& out_;
  double seconds_, first_ = 0, last_ = 0;
  std::vector<double> times_;  // of all frames
  size_t unhindered_ = 0;      // those that came before the first was written
  std::optional<VideoWriter> writer_;
  Progress progress_;
};

}  // namespace

Footage open_footage(const std::string& source) {
  const auto opened = open_source(source);
  const VideoInfo info = opened->info();
  Footage out{.address = source, .name = source, .realtime = true, .clip = source};
  std::error_code ignored;
  if (!is_stream(source)) out.address = fs::absolute(source).string();  // globs too
  out.clip = out.address;
  out.sequence = fs::is_regular_file(source, ignored) && !has_image_extension(source);
  out.size = info.size;
  out.fps = info.fps;
  out.frames = info.frames > 0 ? static_cast<int>(std::min<int64_t>(info.frames, kMostFrames))
                               : count_frames(source);
  if (out.frames == 0) fail("{}: holds no frame", source);
  return out;
}

double rate_of(const std::vector<double>& times) {
  if (times.size() < 2) return 0;
  const auto half = std::lower_bound(times.begin(), times.end() - 2, times.back() / 2);
  const double seconds = times.back() - *half;
  return seconds > 0 ? static_cast<double>(times.end() - half - 1) / seconds : 0;
}

Footage record_footage(const std::string& address, double seconds, const fs::path& folder) {
  if (address == "-")
    fail_usage("--source -: standard input cannot be watched again and again; give a file of it");
  require_camera_address(address);
  Footage out{.address = address, .name = public_address(address), .clip = folder / "camera.mp4"};
  const auto source = open_stream(address, {}, stop_requested());
  record(*source, seconds, out);
  return out;
}

void record(Source& source, double seconds, Footage& out) {
  Recorder recorder(out, seconds);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(kMostWait + 3 * seconds));
  try {
    Picture picture;
    while (!stop_requested() && Clock::now() < end && source.next(picture)) {
      if (!recorder.take(picture)) break;
    }
  } catch (const Error& e) {
    if (stop_requested() || out.frames < kFewestFrames) throw;
    log_warning("{}; its first {} frames are taken", e.what(), out.frames);
  }
  if (stop_requested()) fail("interrupted while {} was recorded; nothing was measured", out.name);
  recorder.finish();
}

Footage images_as_footage(const Dataset& data, int most, const fs::path& folder) {
  const Dataset part = evenly(data, most);
  const fs::path images = folder / "images";
  make_folder(images);
  for (size_t i = 0; i < static_cast<size_t>(most); ++i) {
    const fs::path& image = part.samples[i % part.samples.size()].image;
    const fs::path link = images / fmt::format("{:06}{}", i, image.extension().string());
    std::error_code error;
    fs::create_symlink(fs::absolute(image), link, error);
    if (error) fail("{}: cannot be made: {}", link.string(), error.message());
  }
  Footage out{.address = images.string(),
              .name = fmt::format("{} images of the data", part.samples.size()),
              .sequence = false,
              .clip = images};
  out.size = read_image(part.samples.front().image).size();
  out.frames = most;
  return out;
}

}  // namespace octet
