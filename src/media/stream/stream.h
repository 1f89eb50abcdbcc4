// A camera or network stream through FFmpeg: RTSP, HTTP, MJPEG, V4L2 ("/dev/video0"), or what comes
// in on standard input ("-"). Decoded with low delay: no frame waits inside for later ones.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "media/video/video.h"

namespace octet {

// Whether it is an address of a stream rather than a file.
[[nodiscard]] bool is_stream(const std::string& source);

// For logs, pages and errors: without user, password and query, which may hold secrets.
[[nodiscard]] std::string public_address(const std::string& address);

struct StreamOptions {
  bool udp = false;                            // RTSP over UDP; else over TCP
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

  // The next picture as YUV 4:2:0, of any size. `arrived`: when the last packet of it came in,
  // before decoding. False at the end of the stream. Throws when nothing arrives for too long.
  [[nodiscard]] bool read(VideoFrame& frame, std::chrono::steady_clock::time_point& arrived);

 private:
  struct Handles;
  void open_input(const std::string& address, const StreamOptions& options);
  void open_decoder();
  bool next_packet();
  bool next_for_parser();
  bool next_from_parser();

  std::string name_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace octet
