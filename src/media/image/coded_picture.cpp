#include "media/image/coded_picture.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
}

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/image/bmp_runs.h"
#include "media/image/exif.h"
#include "media/image/limits.h"
#include "media/image/tiff.h"
#include "media/image/tiff_tags.h"
#include "media/image/upright.h"
#include "media/image/webp.h"
#include "media/video/video.h"

namespace octet {
namespace {

// How a file of this kind begins, and how strictly FFmpeg is to read it.
struct PictureKind {
  std::string_view begin;
  AVCodecID codec;
  int strictness = 0;
};
constexpr PictureKind kKinds[] = {
    {.begin = "\x89PNG", .codec = AV_CODEC_ID_PNG, .strictness = AV_EF_CRCCHECK | AV_EF_EXPLODE},
    {.begin = "BM", .codec = AV_CODEC_ID_BMP},
    {.begin = "P1", .codec = AV_CODEC_ID_PBM},
    {.begin = "P2", .codec = AV_CODEC_ID_PGM},
    {.begin = "P3", .codec = AV_CODEC_ID_PPM},
    {.begin = "P4", .codec = AV_CODEC_ID_PBM},
    {.begin = "P5", .codec = AV_CODEC_ID_PGM},
    {.begin = "P6", .codec = AV_CODEC_ID_PPM},
    {.begin = "P7", .codec = AV_CODEC_ID_PAM}};

const PictureKind& kind_of(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto* const found =
      std::find_if(std::begin(kKinds), std::end(kKinds),
                   [&](const PictureKind& kind) { return text.starts_with(kind.begin); });
  if (found == std::end(kKinds))
    fail("{}: is not a readable image: neither JPEG, PNG, BMP, WebP, TIFF nor PPM", name);
  return *found;
}

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

// Decodes the one picture that `bytes` are; FFmpeg's status.
int decode_into(VideoFrame& frame, std::span<const std::byte> bytes, const AVCodec& codec,
                int strictness) {
  const std::unique_ptr<AVCodecContext, FreeContext> context(avcodec_alloc_context3(&codec));
  context->max_pixels = kMaxPicturePixels;
  context->err_recognition = strictness;
  context->thread_count = 1;
  int status = avcodec_open2(context.get(), &codec, nullptr);
  if (status < 0) return status;
  const std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  status = av_new_packet(packet.get(), static_cast<int>(bytes.size()));
  if (status < 0) return status;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(packet->data));
  status = avcodec_send_packet(context.get(), packet.get());
  if (status < 0) return status;
  avcodec_send_packet(context.get(), nullptr);
  status = avcodec_receive_frame(context.get(), frame.get());
  const bool corrupt = status >= 0 && ((frame.get()->flags & AV_FRAME_FLAG_CORRUPT) != 0 ||
                                       frame.get()->decode_error_flags != 0);
  return corrupt ? AVERROR_INVALIDDATA : status;
}

}  // namespace

Image decode_picture(std::span<const std::byte> bytes, const std::string& name) {
  if (is_tiff(bytes)) return decode_tiff(bytes, name);
  const int orientation = tiff_orientation(exif_of(bytes));
  if (is_webp(bytes)) return upright(decode_webp(bytes, name), orientation);
  av_log_set_level(AV_LOG_QUIET);
  const PictureKind& kind = kind_of(bytes, name);
  const AVCodec* codec = avcodec_find_decoder(kind.codec);
  if (codec == nullptr)
    fail("{}: the installed FFmpeg cannot decode {}", name, avcodec_get_name(kind.codec));
  if (kind.codec == AV_CODEC_ID_BMP && bmp_runs_end_early(bytes))
    fail("{}: is not a readable image: it is damaged or cut short", name);
  VideoFrame frame;
  if (const int status = decode_into(frame, bytes, *codec, kind.strictness); status < 0) {
    fail(
        "{}: is not a readable image: it is damaged or cut short, or has more than {} million "
        "pixels ({})",
        name, kMaxPicturePixels / 1'000'000, ffmpeg_reason(status));
  }
  return upright(frame.to_rgb(), orientation);
}

}  // namespace octet
