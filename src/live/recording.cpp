#include "live/recording.h"

#include "core/error.h"
#include "core/file.h"

namespace octet {

Recording::Recording(const RecordingOptions& options, double fps, bool endless)
    : options_(options), fps_(fps), endless_(endless) {
  const auto folder = std::filesystem::absolute(options_.path).parent_path();
  if (!std::filesystem::is_directory(folder))
    fail("{}: the folder {} does not exist", options_.path.string(), folder.string());
}

void Recording::add(const Image& image, double seconds) {
  if (writer_ && image.size() != size_ && !endless_)
    fail("{}: a frame of {} follows frames of {}; a video has one size", options_.path.string(),
         to_string(image.size()), to_string(size_));
  const bool over =
      endless_ && options_.part_minutes > 0 && seconds >= part_began_ + 60 * options_.part_minutes;
  if (writer_ && (over || image.size() != size_)) finish();
  if (!writer_) begin(image.size(), seconds);
  try {
    writer_->write_at(image, seconds - part_began_);
  } catch (const Error&) {
    if (endless_) writer_.reset();  // the next picture begins a new one
    throw;
  }
}

void Recording::begin(Size size, double seconds) {
  if (endless_) keep_older(options_.path, options_.keep);
  writer_.emplace(options_.path, size, fps_, endless_ ? Appears::kAtOnce : Appears::kWhenFinished);
  size_ = size;
  part_began_ = seconds;
}

void Recording::finish() {
  if (!writer_) return;
  writer_->finish();
  writer_.reset();
}

}  // namespace octet
