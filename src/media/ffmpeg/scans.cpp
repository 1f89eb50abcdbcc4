#include "media/ffmpeg/scans.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <string_view>

namespace octet {

int count_scans(std::span<const std::byte> bytes, int at_most) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  int scans = 0;
  for (size_t at = 0; scans < at_most; ++scans, ++at) {
    at = text.find("\xFF\xDA", at);
    if (at == std::string_view::npos) break;
  }
  return scans;
}

bool has_too_many_scans(const AVCodecContext& codec, const AVPacket& packet) {
  if (codec.codec_id != AV_CODEC_ID_MJPEG && codec.codec_id != AV_CODEC_ID_MJPEGB) return false;
  const std::span bytes(packet.data, static_cast<size_t>(packet.size));
  return count_scans(std::as_bytes(bytes), kMaxScans + 1) > kMaxScans;
}

}  // namespace octet
