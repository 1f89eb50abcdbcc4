#include "live/source/source.h"

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/hot_path.h"
#include "media/image/image_io.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

class VideoSource : public Source {
 public:
  explicit VideoSource(const fs::path& path) : reader_(path) {}
  bool next(Picture& out) override {
    out.is_video = true;
    const ForeignCall ffmpeg;
    const bool more = reader_.read(out.video);
    out.captured = Clock::now();
    out.seconds = reader_.seconds();
    return more;
  }
  std::string cut_short() const override { return reader_.cut_short(); }
  VideoInfo info() const override { return reader_.info(); }

 private:
  VideoReader reader_;
};

constexpr double kPicturesASecond = 25;  // of a folder

class PictureSource : public Source {
 public:
  PictureSource(std::vector<fs::path> files, BadPicture bad)
      : files_(std::move(files)), reader_(bad) {
    ready_ = read();
    if (!ready_) reader_.finish();  // throws
    size_ = ready_->size();
  }
  bool next(Picture& out) override {
    if (!ready_) ready_ = read();
    if (!ready_) {
      if (!std::exchange(finished_, true)) reader_.finish();
      return false;
    }
    out.is_video = false;
    out.image = std::move(*ready_);
    ready_.reset();
    out.captured = Clock::now();
    out.seconds = static_cast<double>(next_ - 1) / kPicturesASecond;
    return true;
  }
  VideoInfo info() const override {
    return {.size = size_, .fps = kPicturesASecond, .frames = static_cast<int64_t>(files_.size())};
  }
  int64_t skipped() const override { return reader_.skipped(); }

 private:
  // The next picture that can be read; nothing behind the last.
  std::optional<Image> read() {
    std::optional<Image> image;
    while (!image && next_ < files_.size()) image = reader_.read(files_[next_++]);
    return image;
  }

  std::vector<fs::path> files_;
  PictureReader reader_;
  std::optional<Image> ready_;
  Size size_;
  size_t next_ = 0;
  bool finished_ = false;
};

class StreamSource : public Source {
 public:
  StreamSource(const std::string& address, const StreamOptions& options,
               const std::atomic<bool>& stop)
      : reader_(address, options, stop) {}
  bool next(Picture& out) override {
    out.is_video = true;
    const ForeignCall ffmpeg;
    const bool more = reader_.read(out.video, out.captured);
    out.seconds = reader_.seconds();
    return more;
  }
  VideoInfo info() const override { return {}; }

 private:
  StreamReader reader_;
};

}  // namespace

std::unique_ptr<Source> open_stream(const std::string& address, const StreamOptions& options,
                                    const std::atomic<bool>& stop) {
  return std::make_unique<StreamSource>(address, options, stop);
}

std::unique_ptr<Source> open_source(const std::string& source, BadPicture bad) {
  const bool number =
      !source.empty() && source.find_first_not_of("0123456789") == std::string::npos;
  if (number && !fs::exists(source))
    fail("--source {}: no such file; a camera of this machine is /dev/video{}", source, source);
  if (fs::is_regular_file(source) && !has_image_extension(source))
    return std::make_unique<VideoSource>(source);
  return std::make_unique<PictureSource>(list_images(source), bad);
}

}  // namespace octet
