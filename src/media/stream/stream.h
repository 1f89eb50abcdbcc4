// A camera or network stream through FFmpeg: RTSP, HTTP, MJPEG, V4L2 ("/dev/video0"), or what comes
// in on standard input ("-"). Decoded with low delay: no frame waits inside for later ones.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "media/video/video.h"

namespace octet {

// Whether it is an address of a stream rather than a file: "-", anything with "://" in it, and what is
// under /dev but no file.
[[nodiscard]] bool is_stream(const std::string& source);

// Throws a usage Error for an address that no camera can have: of another protocol than those above,
// or of a device that is no camera. One that is not there yet is none of these.
void require_camera_address(const std::string& address);

struct StreamOptions {
  bool udp = false;  // RTSP over UDP; else over TCP
  // Certificates, PEM, of which one has to have signed that of a camera with an https:// address;
  // empty: it is not looked at.
  std::filesystem::path authorities;
  std::chrono::milliseconds patience{10'000};  // how long nothing may arrive
};

class StreamReader {
 public:
  // Waits until the stream answers. Throws an Error with the public address when it does not, or
  // when `stop` becomes true meanwhile.
  StreamReader(const std::string& address, const StreamOptions& options,
               const std::atomic<bool>& stop);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // The next picture as YUV 4:2:0, of at most 8192 x 8192 pixels in all. `arrived`: when the last
  // packet of it came in, before decoding. False at the end of the stream. Throws when nothing arrives
  // for too long, no picture for six times as long, or when the stream ends without any.
  [[nodiscard]] bool read(VideoFrame& frame, std::chrono::steady_clock::time_point& arrived);
  // When the last picture that was read is shown, from the first on: by the stream's own times, or,
  // where it has none or they leap, by their arrival. Never falls.
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
