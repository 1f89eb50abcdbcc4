#include "measure/profile/feed.h"

namespace octet {
namespace {
constexpr Size kPicture{1280, 720};
}

NoiseFeed::NoiseFeed() : pixels_(static_cast<size_t>(kPicture.width) * kPicture.height * 3) {
  for (size_t i = 0; i < pixels_.size(); ++i)
    pixels_[i] = static_cast<uint8_t>(i * 7 / 5 + i / 3840);
}

void NoiseFeed::submit(Job& job) {
  job.submit(RgbView{.data = pixels_.data(), .stride_bytes = kPicture.width * 3, .size = kPicture});
}

}  // namespace octet
