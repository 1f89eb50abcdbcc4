#include "media/image/picture_end.h"

#include <algorithm>
#include <array>
#include <utility>

namespace octet {
namespace {

constexpr int kKeyframes = 2;  // whose packets are of full size, before guesses are acted on
constexpr int kMostNeeded = 1 << 20;
constexpr size_t kNearlyFull = 32;  // bytes by which packets of full size may differ

constexpr std::array<uint8_t, 3> kStartCode{0, 0, 1};

struct Nal {
  bool slice = false, key = false, before_picture = false;
};

// Types as in table 7-1 of H.264 and of HEVC (ITU-T H.264, H.265).
Nal h264_nal(uint8_t header) {
  const int type = header & 0x1F;
  return {.slice = type == 1 || type == 2 || type == 5,
          .key = type == 5,
          .before_picture = type >= 6 && type <= 9};
}
Nal hevc_nal(uint8_t header) {
  const int type = header >> 1 & 0x3F;
  return {.slice = type <= 9 || (type >= 16 && type <= 21),
          .key = type >= 16 && type <= 21,
          .before_picture = (type >= 32 && type <= 35) || type == 39};
}

}  // namespace

void PictureEnd::distrust() {
  pictures_ = keyframes_ = 0;
  needed_ = std::min(2 * needed_, kMostNeeded);
}

void PictureEnd::begin_picture() {
  if (slices_ == 0) return;
  if (expected_ != 0 && slices_ != expected_) distrust();
  expected_ = std::exchange(slices_, 0);
  ++pictures_;
  guessed_ = false;
}

void PictureEnd::see(std::span<const uint8_t> nal) {
  const size_t header = syntax_ == NalSyntax::kH264 ? 1 : 2;
  if (nal.size() <= header) return;
  const Nal kind = syntax_ == NalSyntax::kH264 ? h264_nal(nal[0]) : hevc_nal(nal[0]);
  // Of a slice's header the first bit: first_mb_in_slice is 0 (ue(v)), first_slice_segment_in_pic.
  const bool first = kind.slice && nal[header] >> 7 != 0;
  if (first || kind.before_picture) begin_picture();
  slices_ += kind.slice ? 1 : 0;
  keyframes_ += first && kind.key ? 1 : 0;
}

bool PictureEnd::add(std::span<const uint8_t> packet) {
  const auto start_code = [&](auto from) {
    return std::search(from, packet.end(), kStartCode.begin(), kStartCode.end());
  };
  const bool was_whole = guessed_;
  for (auto at = start_code(packet.begin()); at != packet.end();) {
    const auto begin = at + kStartCode.size();
    at = start_code(begin);
    see({begin, at});
  }
  if (was_whole && guessed_) distrust();  // another packet of the same picture
  longest_ = std::max(longest_, packet.size());
  guessed_ = slices_ > 0 && slices_ == expected_ && packet.size() + kNearlyFull < longest_;
  return guessed_ && pictures_ >= needed_ && keyframes_ >= kKeyframes;
}

// Zeros follow, as many as FFmpeg may read beyond what it is given (AV_INPUT_BUFFER_PADDING_SIZE).
std::span<const uint8_t> PictureEnd::delimiter() const {
  constexpr size_t kPadding = 64;
  static constexpr std::array<uint8_t, 6 + kPadding> kH264{0, 0, 0, 1, 0x09, 0xF0};
  static constexpr std::array<uint8_t, 7 + kPadding> kHevc{0, 0, 0, 1, 0x46, 0x01, 0x50};
  return syntax_ == NalSyntax::kH264 ? std::span(kH264).first(kH264.size() - kPadding)
                                     : std::span(kHevc).first(kHevc.size() - kPadding);
}

}  // namespace octet
