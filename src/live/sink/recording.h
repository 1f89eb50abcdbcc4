// The annotated video that --save writes.
#pragma once

#include <optional>

#include "live/options.h"
#include "media/video/video.h"
#include "vision/image.h"

namespace octet {

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
