// The annotated video that --save writes.
#pragma once

#include <filesystem>
#include <optional>

#include "media/video/video.h"
#include "vision/image.h"

namespace octet {

struct RecordingOptions {
  std::filesystem::path path;  // empty: not wanted
  // Of cameras: the video is there from its first second and can be played whatever ends it; else
  // it appears when it is finished, and has pictures of one size.
  bool endless = false;
  // A new one is begun after so long, or when the pictures change their size; the older ones are
  // out.1.mp4 (the newest), out.2.mp4, … as many as are kept.
  double part_minutes = 60;  // 0: any length
  int keep = 5;
  bool operator==(const RecordingOptions&) const = default;
};

class Recording {
 public:
  Recording(const RecordingOptions& options, double fps);

  void add(const Image& image, double seconds);  // since the start
  void finish();

 private:
  void begin(Size size, double seconds);

  RecordingOptions options_;
  double fps_;
  std::optional<VideoWriter> writer_;
  Size size_;              // of the pictures in it
  double part_began_ = 0;  // seconds
  double next_try_ = 0;    // seconds
};

}  // namespace octet
