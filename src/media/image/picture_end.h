// Which packet is a picture's last. FFmpeg hands out H.264 and HEVC in fragments, from RTSP without
// RTP's own mark at the end of a picture, and its parser sees the end only when the next picture
// begins: every picture would be a frame interval old before it is decoded. But a camera cuts its
// slices into packets of full size and a shorter one, and pictures into the same number of slices.
// Where that held for a while, a picture is decoded as soon as it is whole; where it fails, the
// next picture's beginning is waited for again, each time for twice as many pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace octet {

enum class NalSyntax { kH264, kHevc };

class PictureEnd {
 public:
  explicit PictureEnd(NalSyntax syntax) : syntax_(syntax) {}

  // A packet: NAL units with start codes, or a further fragment of the last. Whether the picture
  // that it belongs to is whole with it; false as well where that is not known yet.
  [[nodiscard]] bool add(std::span<const uint8_t> packet);

  // An access unit delimiter: given to FFmpeg's parser after a picture's last packet it ends the
  // picture.
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
