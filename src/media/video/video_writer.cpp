extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/ffmpeg/file_io.h"
#include "media/video/video.h"

namespace octet {
namespace {

// In order of preference; the first that opens is taken.
constexpr std::array kEncoders = {"h264_v4l2m2m", "libx264", "libopenh264", "mpeg4"};

// A frame stands at a whole number of these. 60,000 a second hold every usual rate; the encoder of
// MPEG-4 takes at most 65,535.
AVRational ticks(const AVOutputFormat& format, double fps) {
  // What else has VARIABLE_FPS unset, such as AVI, holds one frame a tick.
  const std::string_view name = format.name;
  const bool any_time = (format.flags & AVFMT_VARIABLE_FPS) != 0 || name == "mp4" ||
                        name == "mov" || name == "ipod" || name == "3gp" || name == "3g2";
  return any_time ? AVRational{1, 60'000} : av_inv_q(av_d2q(fps, 100'000));
}

AVCodecContext* open_encoder(Size size, double fps, const AVOutputFormat& format) {
  for (const char* name : kEncoders) {
    const AVCodec* codec = avcodec_find_encoder_by_name(name);
    if (codec == nullptr) continue;
    AVCodecContext* context = avcodec_alloc_context3(codec);
    context->width = size.width;
    context->height = size.height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = ticks(format, fps);
    context->framerate = av_d2q(fps, 100000);
    context->thread_count = 1;
    context->bit_rate = static_cast<int64_t>(size.width) * size.height * 4;
    if ((format.flags & AVFMT_GLOBALHEADER) != 0) context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "preset", "veryfast", 0);
    av_dict_set(&options, "crf", "23", 0);
    const int status = avcodec_open2(context, codec, &options);
    av_dict_free(&options);
    if (status == 0) return context;
    avcodec_free_context(&context);
  }
  return nullptr;
}

// At once, MP4 is a row of fragments; its index at the end, as usual, would also grow in memory.
int write_header(AVFormatContext* format, Appears appears) {
  AVDictionary* options = nullptr;
  if (appears == Appears::kAtOnce) {
    format->flags |= AVFMT_FLAG_FLUSH_PACKETS;
    av_dict_set(&options, "movflags", "empty_moov+default_base_moof", 0);
    av_dict_set(&options, "frag_duration", "2000000", 0);  // microseconds
  }
  const int status = avformat_write_header(format, &options);
  av_dict_free(&options);  // those that the format does not know are still in it
  return status;
}

}  // namespace

struct VideoWriter::Handles {
  std::unique_ptr<FileIo> file;
  AVFormatContext* format = nullptr;
  AVCodecContext* codec = nullptr;
  AVStream* stream = nullptr;
  AVPacket* packet = av_packet_alloc();
  SwsContext* scaler = nullptr;
  VideoFrame frame;
  Size source;

  ~Handles() {
    sws_freeContext(scaler);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    avformat_free_context(format);
  }
};

VideoWriter::VideoWriter(const std::filesystem::path& path, Size size, double fps, Appears appears)
    : path_(path), handles_(std::make_unique<Handles>()) {
  av_log_set_level(AV_LOG_QUIET);
  Handles& h = *handles_;
  if (appears == Appears::kWhenFinished) target_.emplace(path);
  const Size even{(size.width + 1) / 2 * 2, (size.height + 1) / 2 * 2};  // what 4:2:0 needs
  // By its extension alone: a name with % in it is no sequence of pictures.
  const std::string extension = "x" + path.extension().string();
  const bool known =
      avformat_alloc_output_context2(&h.format, nullptr, nullptr, extension.c_str()) >= 0;
  if (!known || (h.format->oformat->flags & AVFMT_NOFILE) != 0) {
    fail_usage("{}: no video format is known by the extension '{}'; use .mp4", path.string(),
               path.extension().string());
  }
  h.codec = open_encoder(even, fps, *h.format->oformat);
  if (h.codec == nullptr)
    fail("{}: the installed FFmpeg has none of the encoders {}", path.string(),
         fmt::join(kEncoders, ", "));
  h.stream = avformat_new_stream(h.format, nullptr);
  h.stream->time_base = h.codec->time_base;
  h.stream->avg_frame_rate = h.codec->framerate;
  frame_ticks_ = std::max<int64_t>(1, std::llround(1 / (fps * av_q2d(h.codec->time_base))));
  avcodec_parameters_from_context(h.stream->codecpar, h.codec);
  h.file = FileIo::open_to_write(target_ ? target_->temporary() : path);
  h.file->serve(*h.format);
  if (const int status = write_header(h.format, appears); status < 0)
    fail("{}: cannot be written: {}", path.string(), ffmpeg_reason(status));
  h.source = size;
  h.scaler = sws_getContext(size.width, size.height, AV_PIX_FMT_RGB24, even.width, even.height,
                            AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr);
  AVFrame& f = *h.frame.get();
  f.format = AV_PIX_FMT_YUV420P;
  f.width = even.width;
  f.height = even.height;
  if (h.scaler == nullptr || av_frame_get_buffer(&f, 0) < 0)
    fail("{}: no memory for a frame", path.string());
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::write_at(const Image& image, double seconds) {
  write_at_tick(image, std::llround(seconds / av_q2d(handles_->codec->time_base)));
}

void VideoWriter::write(const Image& image) {
  write_at_tick(image, last_tick_ < 0 ? 0 : last_tick_ + frame_ticks_);
}

void VideoWriter::write_at_tick(const Image& image, int64_t tick) {
  Handles& h = *handles_;
  AVFrame* frame = h.frame.get();
  if (av_frame_make_writable(frame) < 0) fail("{}: no memory for a frame", path_.string());
  const uint8_t* planes[] = {image.rgb.data()};
  const int strides[] = {image.width * 3};
  sws_scale(h.scaler, planes, strides, 0, image.height, frame->data, frame->linesize);
  frame->pts = last_tick_ = std::max(tick, last_tick_ + 1);
  encode(frame);
}

void VideoWriter::encode(AVFrame* frame) {
  Handles& h = *handles_;
  const auto check = [&](int status) {
    if (status < 0) fail("{}: cannot be written: {}", path_.string(), ffmpeg_reason(status));
  };
  check(avcodec_send_frame(h.codec, frame));
  while (true) {
    const int status = avcodec_receive_packet(h.codec, h.packet);
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
    check(status);
    av_packet_rescale_ts(h.packet, h.codec->time_base, h.stream->time_base);
    h.packet->duration = av_rescale_q(frame_ticks_, h.codec->time_base, h.stream->time_base);
    check(av_interleaved_write_frame(h.format, h.packet));
    check(h.format->pb->error);
  }
}

void VideoWriter::finish() {
  Handles& h = *handles_;
  encode(nullptr);
  int status = av_write_trailer(h.format);
  if (const int closed = h.file->finish(); status >= 0) status = closed;
  if (status < 0) fail("{}: cannot be written: {}", path_.string(), ffmpeg_reason(status));
  if (target_) target_->commit();
}

}  // namespace octet
