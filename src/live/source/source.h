// The sources of frames: a video file, a sequence of images (a folder or a glob), a camera or a
// stream.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "detect/detector.h"
#include "detect/person_poser.h"
#include "media/image/picture_reader.h"
#include "media/stream/stream.h"
#include "media/video/video.h"
#include "vision/image.h"

namespace octet {

using Clock = std::chrono::steady_clock;

// One frame, as YUV from a video or as RGB from an image file. Slots are used again, so that a
// video frame allocates nothing.
struct Picture {
  VideoFrame video;
  Image image;
  bool is_video = true;
  Clock::time_point captured;  // arrival of its last packet, or the time of reading its file
  double seconds = 0;          // presentation time, from the source's first image on

  [[nodiscard]] Size size() const { return is_video ? video.size() : image.size(); }
  [[nodiscard]] Image to_rgb() const { return is_video ? video.to_rgb() : image; }
  [[nodiscard]] Picture share() const {
    return {.video = is_video ? video.share() : VideoFrame(),
            .image = image,
            .is_video = is_video,
            .captured = captured,
            .seconds = seconds};
  }
  void submit(Job& job) const { is_video ? job.submit(video.yuv()) : job.submit(view(image)); }
  // As PersonPoser::find().
  std::chrono::duration<double, std::milli> find(PersonPoser& poser, const PixelBox& person,
                                                 std::vector<Keypoint>& keypoints) const {
    return is_video ? poser.find(video.yuv(), person, keypoints)
                    : poser.find(view(image), person, keypoints);
  }
};

// Converts a time of the steady clock to the time of day, in seconds since 1970.
[[nodiscard]] inline double epoch_seconds(Clock::time_point at) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now - (Clock::now() - at)).count();
}

class Source {
 public:
  virtual ~Source() = default;
  virtual bool next(Picture& out) = 0;  // false at the end
  // At the end: a sentence when a part of the source is missing, else empty.
  [[nodiscard]] virtual std::string cut_short() const { return {}; }
  [[nodiscard]] virtual VideoInfo info() const = 0;            // of a stream only its rate, guessed
  [[nodiscard]] virtual int64_t skipped() const { return 0; }  // pictures that cannot be read
};

// Opens a file, a folder or a glob. Throws an Error that names the source when it cannot be opened,
// or when none of its images can be read.
[[nodiscard]] std::unique_ptr<Source> open_source(const std::string& source,
                                                  BadPicture bad = BadPicture::kSkip);
// Opens a camera or a network stream. `stop` ends every wait.
[[nodiscard]] std::unique_ptr<Source> open_stream(const std::string& address,
                                                  const StreamOptions& options,
                                                  const std::atomic<bool>& stop);

}  // namespace octet
