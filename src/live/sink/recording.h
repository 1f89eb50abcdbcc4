// The annotated video that --save writes.
#pragma once

#include <cstdint>
#include <memory>

#include "live/options.h"
#include "media/video/video.h"
#include "vision/image.h"

namespace octet {

class Recording {
 public:
  Recording(const RecordingOptions& options, double fps);

  // `seconds`: since the start; they never fall. `camera`: where another one follows, an endless
  // recording begins a new part.
  void add(const Image& image, double seconds, int64_t camera = 0);
  void finish();

 private:
  [[nodiscard]] bool is_over(Size size, double seconds, int64_t camera) const;
  void begin(Size size, double seconds);

  RecordingOptions options_;
  double fps_;
  std::unique_ptr<VideoWriter> writer_;  // none: there is no part
  Size size_;                            // of the pictures in it
  int64_t camera_ = 0;                   // of the newest of them
  double part_began_ = 0;                // seconds
  double next_try_ = 0;                  // seconds
};

}  // namespace octet
