// Finds the last packet of an image in a stream. FFmpeg gives H.264 and HEVC in fragments, and
// drops RTP's mark at the end of an image. Its parser sees the end only when the next image begins,
// so every image would be a frame interval old before it is decoded.
//
// A camera cuts its slices into packets of full size and a shorter one, and its images into the
// same number of slices. Where that held for some time, an image is decoded as soon as it is whole.
// After a wrong guess the beginning of the next image is waited for again, each time for twice as
// many images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace octet {

enum class NalSyntax { kH264, kHevc };

class PictureEnd {
 public:
  explicit PictureEnd(NalSyntax syntax) : syntax_(syntax) {}

  // Adds a packet: NAL units with start codes, or a further fragment of the last. Returns whether
  // it completes its image, and false where that is unknown.
  [[nodiscard]] bool add(std::span<const uint8_t> packet);

  // Returns an access unit delimiter. After the last packet of an image it tells FFmpeg's parser
  // that the image ends.
  [[nodiscard]] std::span<const uint8_t> delimiter() const;

 private:
  void see(std::span<const uint8_t> nal);
  void begin_picture();
  void distrust();

  NalSyntax syntax_;
  size_t longest_ = 0;                // packet, in bytes
  int slices_ = 0, expected_ = 0;     // of the picture that comes in, and of the one before it
  bool guessed_ = false;              // that the picture is whole
  int pictures_ = 0, keyframes_ = 0;  // since a guess was wrong
  int needed_ = 30;                   // pictures, until guesses are acted on
};

}  // namespace octet
