// Reads and writes video files by FFmpeg. Not thread-safe: one thread at a time may use an object.
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

// One decoded image. Moving it is cheap, since it shares pixels with the pool of the decoder.
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
  int64_t frames = 0;  // as the file states; 0: unknown
};

// The way from the stored image to the upright one: mirrored first, then transposed.
struct Turn {
  bool transposed = false;  // rows become columns
  bool flip_x = false, flip_y = false;
  bool operator==(const Turn&) const = default;
};

class VideoReader {
 public:
  // Throws an Error that names the file when it cannot be opened or has no images.
  explicit VideoReader(const std::filesystem::path& path);
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  [[nodiscard]] const VideoInfo& info() const { return info_; }

  // Reads the next image as YUV 4:2:0, and returns false at the end. Damaged packets are skipped
  // and counted. A file without any frame is an Error.
  [[nodiscard]] bool read(VideoFrame& frame);
  [[nodiscard]] int64_t damaged_packets() const { return damaged_; }
  // At the end of the file: a sentence when bytes of it are missing, else empty. A file that ends
  // long before its stated time may be cut short, which is logged.
  [[nodiscard]] const std::string& cut_short() const { return cut_short_; }
  // The presentation time of the last image, from the first one on. It never falls.
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
  Turn turn_;  // to the upright image: a phone states how it was held
  int64_t decoded_ = 0;
  int64_t damaged_ = 0;
  std::optional<double> first_seconds_;  // as the file counts
  double seconds_ = 0;
  std::string cut_short_;
};

// kAtOnce: the file grows under its own name. It can be played without its last seconds, even after
// a crash.
enum class Appears { kWhenFinished, kAtOnce };

// Writes MP4, or the format of the extension, with the best encoder of the installed FFmpeg.
class VideoWriter {
 public:
  VideoWriter(const std::filesystem::path& path, Size size, double fps,
              Appears appears = Appears::kWhenFinished);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  void write(const Image& image);  // of the size given above; a frame after the last
  // The same, at `seconds` after the start of the video.
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
