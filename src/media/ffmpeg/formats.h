// Which parts of FFmpeg a file or a camera may reach. Everything else that it knows (playlists, image
// sequences, drawings, text, virtual devices) is as good as not installed.
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

  // Containers and decoders of video and picture files.
  void allow_files();
  // Those of cameras and streams, and the protocols of the network. `address` is the camera's.
  void allow_streams(const std::string& address);

 private:
  AVDictionary* entries_ = nullptr;
};

}  // namespace octet
