extern "C" {
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <utility>

#include "core/error.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/video/video.h"

namespace octet {
namespace {

// Converts into `to`, whose format and size are set, keeping the range that the source states.
void scale(const AVFrame& from, AVFrame& to) {
  SwsContext* context = sws_getContext(
      from.width, from.height, static_cast<AVPixelFormat>(from.format), to.width, to.height,
      static_cast<AVPixelFormat>(to.format), SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
      nullptr, nullptr, nullptr);
  if (context == nullptr) fail("pictures of pixel format {} cannot be converted", from.format);
  const bool full = from.color_range == AVCOL_RANGE_JPEG;
  const int* matrix =
      sws_getCoefficients(from.colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_DEFAULT);
  const bool to_full = to.format == AV_PIX_FMT_RGB24 || full;
  sws_setColorspaceDetails(context, matrix, full ? 1 : 0, matrix, to_full ? 1 : 0, 0, 1 << 16,
                           1 << 16);
  sws_scale(context, from.data, from.linesize, 0, from.height, to.data, to.linesize);
  sws_freeContext(context);
}

}  // namespace

std::string ffmpeg_reason(int status) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(status, text.data(), text.size());
  return text.data();
}

bool is_planar_420(const AVFrame& f) {
  return f.format == AV_PIX_FMT_YUV420P || f.format == AV_PIX_FMT_YUVJ420P;
}

void make_planar_420(VideoFrame& frame) {
  const AVFrame& from = *frame.get();
  if (is_planar_420(from)) return;
  VideoFrame planar;
  AVFrame& to = *planar.get();
  to.width = from.width;
  to.height = from.height;
  to.format = AV_PIX_FMT_YUV420P;
  to.colorspace = from.colorspace;
  to.color_range = from.color_range;
  if (av_frame_get_buffer(&to, 0) < 0) fail("no memory for a frame of {}", to_string(frame.size()));
  scale(from, to);
  frame = std::move(planar);
}

VideoFrame::VideoFrame() : frame_(av_frame_alloc()) {}
VideoFrame::~VideoFrame() { av_frame_free(&frame_); }
VideoFrame::VideoFrame(VideoFrame&& other) noexcept
    : frame_(std::exchange(other.frame_, nullptr)) {}
VideoFrame& VideoFrame::operator=(VideoFrame&& other) noexcept {
  std::swap(frame_, other.frame_);
  return *this;
}

VideoFrame VideoFrame::share() const {
  VideoFrame other;
  if (av_frame_ref(other.frame_, frame_) < 0) fail("no memory for a frame");
  return other;
}

Size VideoFrame::size() const { return {frame_->width, frame_->height}; }

YuvView VideoFrame::yuv() const {
  const AVFrame& f = *frame_;
  YuvView view{.planes = {}, .strides_bytes = {}, .size = size()};
  for (int p = 0; p < 3; ++p) {
    view.planes[p] = f.data[p];
    view.strides_bytes[p] = f.linesize[p];
  }
  view.bt709 = f.colorspace == AVCOL_SPC_BT709;
  view.full_range = f.color_range == AVCOL_RANGE_JPEG || f.format == AV_PIX_FMT_YUVJ420P;
  return view;
}

Image VideoFrame::to_rgb() const {
  Image image{.width = frame_->width, .height = frame_->height, .rgb = {}};
  image.rgb.resize(static_cast<size_t>(image.width) * image.height * 3);
  AVFrame to{};
  to.width = image.width;
  to.height = image.height;
  to.format = AV_PIX_FMT_RGB24;
  to.data[0] = image.rgb.data();
  to.linesize[0] = image.width * 3;
  scale(*frame_, to);
  return image;
}

}  // namespace octet
