// Video files through FFmpeg: frames in, frames out. Not thread-safe; each object belongs to one
// thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/file.h"
#include "vision/image.h"

struct AVFrame;

namespace octet {

// One decoded picture; moving it is cheap, the pixels are shared with the decoder's pool.
class VideoFrame {
 public:
  VideoFrame();
  ~VideoFrame();
  VideoFrame(VideoFrame&&) noexcept;
  VideoFrame& operator=(VideoFrame&&) noexcept;

  [[nodiscard]] YuvView yuv() const;  // valid as long as the frame lives
  [[nodiscard]] Image to_rgb() const;
  [[nodiscard]] VideoFrame share() const;  // the same pixels once more
  [[nodiscard]] Size size() const;
  [[nodiscard]] AVFrame* get() const { return frame_; }

 private:
  AVFrame* frame_;
};

struct VideoInfo {
  Size size;
  double fps = 25;
  int64_t frames = 0;  // as the file says; 0 when it does not
};

// From a picture as it is stored to the one that is shown: mirrored first, then transposed.
struct Turn {
  bool transposed = false;  // rows become columns
  bool flip_x = false, flip_y = false;
  bool operator==(const Turn&) const = default;
};

class VideoReader {
 public:
  // Throws an Error naming the file when it cannot be opened or has no pictures in it.
  explicit VideoReader(const std::filesystem::path& path);
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  [[nodiscard]] const VideoInfo& info() const { return info_; }

  // The next picture as YUV 4:2:0; false at the end. Damaged packets are skipped and counted; a file
  // without any frame is an Error.
  [[nodiscard]] bool read(VideoFrame& frame);
  [[nodiscard]] int64_t damaged_packets() const { return damaged_; }
  // At the end: that bytes are missing which belong to the file; else empty. One that only may be cut
  // short, since it ends well before the time that it states, is logged.
  [[nodiscard]] const std::string& cut_short() const { return cut_short_; }
  // When the last picture that was read is shown, from the first on. Never falls.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  struct Handles;
  bool decode_next(VideoFrame& frame);
  [[nodiscard]] double time_of(const AVFrame& frame);
  void turn(VideoFrame& frame) const;
  void check_end();

  std::filesystem::path path_;
  std::unique_ptr<Handles> handles_;
  VideoInfo info_;
  Turn turn_;  // so that the picture stands upright: a phone writes how it was held
  int64_t decoded_ = 0;
  int64_t damaged_ = 0;
  std::optional<double> first_seconds_;  // as the file counts
  double seconds_ = 0;
  std::string cut_short_;
};

// kAtOnce: the file grows under its own name, and but for its last seconds can be played whatever
// ends it.
enum class Appears { kWhenFinished, kAtOnce };

// Writes MP4 (or what the extension says) with the best encoder that the installed FFmpeg has.
class VideoWriter {
 public:
  VideoWriter(const std::filesystem::path& path, Size size, double fps,
              Appears appears = Appears::kWhenFinished);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  void write(const Image& image);  // of the size given above; a frame after the last
  // The same, so many seconds after the video's start.
  void write_at(const Image& image, double seconds);
  void finish();

 private:
  struct Handles;
  void write_at_tick(const Image& image, int64_t tick);
  void encode(AVFrame* frame);

  std::filesystem::path path_;
  std::optional<AtomicPath> target_;  // of what appears when finished
  std::unique_ptr<Handles> handles_;
  int64_t frame_ticks_ = 1;  // from a frame to the next
  int64_t last_tick_ = -1;   // of the frame before
};

}  // namespace octet
