// Reads a camera or network stream by FFmpeg: RTSP, HTTP, MJPEG, V4L2 ("/dev/video0"), or standard
// input ("-"). Decoding has low delay: no frame waits for later ones.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "media/video/video.h"

namespace octet {

// Whether `source` is the address of a stream: "-", any text with "://", and paths under /dev that
// are not files.
[[nodiscard]] bool is_stream(const std::string& source);

// Throws a usage Error for an address that no camera can have: with another protocol than those
// above, or of a device that is not a camera. A missing device is accepted.
void require_camera_address(const std::string& address);

struct StreamOptions {
  bool udp = false;  // RTSP over UDP; else over TCP
  // PEM file of certificates. One of them has to have signed the certificate of an https:// camera.
  // Empty: the certificate is not checked.
  std::filesystem::path authorities;
  std::chrono::milliseconds patience{10'000};  // longest time without data
};

class StreamReader {
 public:
  // Waits until the stream answers. Throws an Error with the public address when it does not, or
  // when `stop` becomes true.
  StreamReader(const std::string& address, const StreamOptions& options,
               const std::atomic<bool>& stop);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Reads the next image as YUV 4:2:0, of at most 8192 x 8192 pixels. `arrived` is the time at
  // which its last packet came in, before decoding. Returns false at the end of the stream. Throws
  // when no data comes for `patience`, when no image comes for six times as long, or when the
  // stream ends without an image.
  [[nodiscard]] bool read(VideoFrame& frame, std::chrono::steady_clock::time_point& arrived);
  // The presentation time of the last image, from the first one on. It is the stream's own time, or
  // the time of arrival where the stream has none or leaps. It never falls.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  struct Handles;
  void open_input(const std::string& address, const StreamOptions& options);
  void probe();
  void open_decoder();
  bool next_packet();
  bool next_for_parser();
  bool next_from_parser();
  void feed_decoder();
  [[nodiscard]] std::string reason_of(int status) const;  // of FFmpeg's, which is negative

  std::string name_;
  std::chrono::milliseconds patience_;
  double seconds_ = 0;
  std::unique_ptr<Handles> handles_;
};

}  // namespace octet
