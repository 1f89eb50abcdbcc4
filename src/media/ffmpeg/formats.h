// The parts of FFmpeg that a file or a camera may use. All other parts (playlists, image sequences,
// drawings, text, virtual devices) are out of reach.
#pragma once

#include <string>

struct AVDictionary;

namespace octet {

// Options of avformat_open_input() and avcodec_open2(), freed at the end.
class FfmpegOptions {
 public:
  FfmpegOptions() = default;
  ~FfmpegOptions();
  FfmpegOptions(const FfmpegOptions&) = delete;
  FfmpegOptions& operator=(const FfmpegOptions&) = delete;

  void set(const char* key, const std::string& value);
  [[nodiscard]] AVDictionary** get() { return &entries_; }

  // Allows the containers and decoders of video and image files.
  void allow_files();
  // Allows those of cameras and streams, and the network protocols for `address`.
  void allow_streams(const std::string& address);

 private:
  AVDictionary* entries_ = nullptr;
};

}  // namespace octet
