#include "live/sink/recording.h"

#include <malloc.h>

#include <utility>

#include "core/error.h"
#include "core/file.h"

namespace octet {
namespace {

// After a write that failed.
constexpr double kPauseSeconds = 10;
constexpr uintmax_t kLeastFreeBytes = 32'000'000;

uintmax_t free_bytes(const std::filesystem::path& file) {
  std::error_code unknown;
  return std::filesystem::space(std::filesystem::absolute(file).parent_path(), unknown).available;
}

}  // namespace

Recording::Recording(const RecordingOptions& options, double fps) : options_(options), fps_(fps) {
  const auto folder = std::filesystem::absolute(options_.path).parent_path();
  if (!std::filesystem::is_directory(folder))
    fail("{}: the folder {} does not exist", options_.path.string(), folder.string());
}

// Whether the part that there is ends before this picture.
bool Recording::is_over(Size size, double seconds, int64_t camera) const {
  if (!writer_ || !options_.endless) return false;
  const bool is_long =
      options_.part_minutes > 0 && seconds >= part_began_ + 60 * options_.part_minutes;
  return is_long || size != size_ || camera != camera_;
}

void Recording::add(const Image& image, double seconds, int64_t camera) {
  if (writer_ && image.size() != size_ && !options_.endless)
    fail("{}: a frame of {} follows frames of {}; a video has one size", options_.path.string(),
         to_string(image.size()), to_string(size_));
  if (is_over(image.size(), seconds, camera)) {
    const double before = std::exchange(next_try_, seconds + kPauseSeconds);
    finish();
    next_try_ = before;
  }
  if (seconds < next_try_)
    fail("{}: nothing is written for {} seconds after an error", options_.path.string(),
         kPauseSeconds);
  if (!writer_) begin(image.size(), seconds);
  camera_ = camera;
  try {
    writer_->write_at(image, seconds - part_began_);
  } catch (const Error&) {
    if (options_.endless) writer_.reset();
    next_try_ = seconds + kPauseSeconds;
    throw;
  }
}

void Recording::begin(Size size, double seconds) {
  if (options_.endless) {
    if (free_bytes(options_.path) < kLeastFreeBytes)  // the older ones stay
      fail("{}: cannot be written: the disk is full", options_.path.string());
    rotate_files(options_.path, options_.keep);
  }
  writer_ = std::make_unique<VideoWriter>(
      options_.path, size, fps_, options_.endless ? Appears::kAtOnce : Appears::kWhenFinished);
  size_ = size;
  part_began_ = seconds;
}

void Recording::finish() {
  if (!writer_) return;
  // It is over, also where its end cannot be written.
  auto ended = std::exchange(writer_, nullptr);
  ended->finish();
  ended.reset();
  ::malloc_trim(0);  // an encoder's pictures, which the next one's would lie beside
}

}  // namespace octet
