#include "serve/mqtt/last_pictures.h"

#include <algorithm>
#include <utility>

#include "live/sink/annotate.h"
#include "media/image/image_io.h"

namespace octet {
namespace {

constexpr size_t kBehind = 16;  // the first pictures of many sources come at once
constexpr int kQuality = 80;
constexpr size_t kMostCameras = 1000;  // of which is known when they were drawn

// Each pixel is the mean of `factor` × `factor` of them. What is left at the edges is cut off.
Image shrunk(const Image& image, int factor) {
  const RgbView in = view(image);
  Image out{image.width / factor, image.height / factor, {}};
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int sum[3] = {};
      for (int row = y * factor; row < (y + 1) * factor; ++row) {
        const uint8_t* pixels = in.data + row * in.stride_bytes + x * factor * 3;
        for (int i = 0; i < factor * 3; ++i) sum[i % 3] += pixels[i];
      }
      for (const int channel : sum)
        out.rgb.push_back(static_cast<uint8_t>(channel / (factor * factor)));
    }
  }
  return out;
}

}  // namespace

LastPictures::LastPictures(Publish publish)
    : publish_(std::move(publish)),
      drawer_("--mqtt-discovery", kBehind, [this](const Drawing& d) { draw(d); }) {}

void LastPictures::add(const SharedResult& result, const Picture& picture) {
  if (last_.size() > kMostCameras) last_.clear();  // most of them are gone
  Last& last = last_[result->camera_id];
  last.event = last.event || !result->events.empty();
  const auto now = Clock::now();
  const bool is_first = last.drawn == Clock::time_point::min();
  if (!is_first && now - last.drawn < (last.event ? kAfterEvent : kWithout)) return;
  last = {now, false};
  drawer_.offer({picture.share(), result});
}

void LastPictures::draw(const Drawing& drawing) {
  Image image = annotated(drawing.picture, *drawing.result);
  const int longer = std::max(image.width, image.height);
  const int factor = (longer + kMostPixels - 1) / kMostPixels;
  if (factor > 1 && std::min(image.width, image.height) >= factor) image = shrunk(image, factor);
  const auto bytes = encode_jpeg(image, kQuality);
  publish_(drawing.result->camera, std::string(bytes.begin(), bytes.end()));
}

}  // namespace octet
