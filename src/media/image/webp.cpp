#include "media/image/webp.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "media/image/limits.h"

namespace octet {
namespace {

[[noreturn]] void fail_damaged(const std::string& name) {
  fail("{}: the image is damaged or cut short: libwebp cannot decode it", name);
}

Image decode_still(std::span<const std::byte> bytes, Image image, const std::string& name) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (WebPDecodeRGBInto(data, bytes.size(), image.rgb.data(), image.rgb.size(), image.width * 3) ==
      nullptr)
    fail_damaged(name);
  return image;
}

struct DeleteDecoder {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

Image decode_first(std::span<const std::byte> bytes, Image image, const std::string& name) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0)
    fail("the installed libwebp is of another version");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, DeleteDecoder> decoder(
      WebPAnimDecoderNew(&data, &options));
  WebPAnimInfo info;
  uint8_t* rgba = nullptr;
  int shown_until_ms = 0;
  const bool decoded = decoder != nullptr && WebPAnimDecoderGetInfo(decoder.get(), &info) != 0 &&
                       info.canvas_width == static_cast<uint32_t>(image.width) &&
                       info.canvas_height == static_cast<uint32_t>(image.height) &&
                       WebPAnimDecoderGetNext(decoder.get(), &rgba, &shown_until_ms) != 0;
  if (!decoded) fail_damaged(name);
  for (size_t i = 0; i < image.rgb.size() / 3; ++i) std::copy_n(rgba + 4 * i, 3, &image.rgb[3 * i]);
  return image;
}

}  // namespace

bool is_webp(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.starts_with("RIFF") && text.size() >= 12 && text.substr(8, 4) == "WEBP";
}

Image decode_webp(std::span<const std::byte> bytes, const std::string& name) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &features) !=
      VP8_STATUS_OK)
    fail_damaged(name);
  Image image{.width = features.width, .height = features.height, .rgb = {}};
  require_few_pixels(image.size(), name);
  image.rgb.resize(static_cast<size_t>(image.width) * image.height * 3);
  return features.has_animation != 0 ? decode_first(bytes, std::move(image), name)
                                     : decode_still(bytes, std::move(image), name);
}

}  // namespace octet
