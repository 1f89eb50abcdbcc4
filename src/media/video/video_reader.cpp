extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/log.h>
}

#include <cmath>
#include <utility>

#include "core/error.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/ffmpeg/file_io.h"
#include "media/ffmpeg/formats.h"
#include "media/video/video.h"

namespace octet {
namespace {

constexpr int64_t kMaxPixels = 8192 * 4352;  // the largest of H.264's and HEVC's levels, 6.2
constexpr int kPixelsForTwoThreads = 1920 * 1088;
constexpr double kLongestSeconds = 1e9;  // of a video: a time beyond it is none

// How often a stream's pictures have to be turned clockwise by a quarter.
int quarter_turns(const AVStream& stream) {
  const auto* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (matrix == nullptr) return 0;
  const double degrees =
      -av_display_rotation_get(reinterpret_cast<const int32_t*>(matrix));  // clockwise
  if (!std::isfinite(degrees)) return 0;
  return ((static_cast<int>(std::lround(degrees / 90)) % 4) + 4) % 4;
}

struct PlaneView {
  const uint8_t* data;
  std::ptrdiff_t stride;
  int width, height;
};

void turn_plane(const PlaneView& in, int quarters, uint8_t* out, std::ptrdiff_t out_stride) {
  const int width = quarters % 2 == 1 ? in.height : in.width;
  const int height = quarters % 2 == 1 ? in.width : in.height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int from_x = quarters == 1 ? y : quarters == 2 ? in.width - 1 - x : in.width - 1 - y;
      const int from_y = quarters == 1 ? in.height - 1 - x : quarters == 2 ? in.height - 1 - y : x;
      out[y * out_stride + x] = in.data[from_y * in.stride + from_x];
    }
  }
}

}  // namespace

struct VideoReader::Handles {
  std::unique_ptr<FileIo> file;
  AVFormatContext* format = nullptr;
  AVCodecContext* codec = nullptr;
  AVPacket* packet = av_packet_alloc();
  int stream = -1;
  bool draining = false;

  ~Handles() {
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
  }
};

VideoReader::VideoReader(const std::filesystem::path& path, Kind kind)
    : path_(path), kind_(kind), handles_(std::make_unique<Handles>()) {
  av_log_set_level(AV_LOG_QUIET);
  Handles& h = *handles_;
  h.file = FileIo::open_to_read(path);
  h.format = avformat_alloc_context();
  h.file->serve(*h.format);
  FfmpegOptions entries;
  entries.allow_files();
  const char* what = kind == Kind::kVideo ? "video" : "picture";
  if (const int status = avformat_open_input(&h.format, nullptr, nullptr, entries.get());
      status < 0) {
    fail("{}: is not a readable {}, or is cut short ({})", path.string(), what,
         ffmpeg_reason(status));
  }
  if (const int status = avformat_find_stream_info(h.format, nullptr); status < 0) {
    fail("{}: is not a readable {} ({})", path.string(), what, ffmpeg_reason(status));
  }
  const AVCodec* codec = nullptr;
  h.stream = av_find_best_stream(h.format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (h.stream < 0 || codec == nullptr)
    fail("{}: has no {} in it that the installed FFmpeg can decode", path.string(), what);
  const AVStream& stream = *h.format->streams[h.stream];
  if (const AVCodecParameters& says = *stream.codecpar;
      int64_t{says.width} * says.height > kMaxPixels)
    fail("{}: {} x {} pixels are more than the {} that a {} may have", path.string(), says.width,
         says.height, kMaxPixels, what);
  h.codec = avcodec_alloc_context3(codec);
  h.codec->max_pixels = kMaxPixels;
  h.codec->codec_whitelist = av_strdup(h.format->codec_whitelist);
  avcodec_parameters_to_context(h.codec, stream.codecpar);
  h.codec->thread_count = int64_t{h.codec->width} * h.codec->height > kPixelsForTwoThreads ? 2 : 1;
  if (const int status = avcodec_open2(h.codec, codec, nullptr); status < 0) {
    fail("{}: its {} decoder cannot be opened ({})", path.string(), codec->name,
         ffmpeg_reason(status));
  }
  const AVRational rate = av_guess_frame_rate(h.format, h.format->streams[h.stream], nullptr);
  info_.size = {h.codec->width, h.codec->height};
  if (rate.num > 0 && rate.den > 0) info_.fps = av_q2d(rate);
  info_.frames = stream.nb_frames;
  quarter_turns_ = quarter_turns(stream);
  if (quarter_turns_ % 2 == 1) std::swap(info_.size.width, info_.size.height);
  if (info_.size.width <= 0 || info_.size.height <= 0)
    fail("{}: its {} has no size", path.string(), what);
}

VideoReader::~VideoReader() = default;

bool VideoReader::read(VideoFrame& frame) {
  if (!decode_next(frame)) {
    check_end();
    return false;
  }
  seconds_ = time_of(*frame.get());
  ++decoded_;
  if (kind_ == Kind::kVideo) make_planar_420(frame);
  if (quarter_turns_ != 0) turn(frame);
  return true;
}

bool VideoReader::decode_next(VideoFrame& frame) {
  Handles& h = *handles_;
  while (true) {
    const int status = avcodec_receive_frame(h.codec, frame.get());
    if (status == 0 && frame.size().width > 0 && frame.size().height > 0) return true;
    if (status == AVERROR_EOF || (status != AVERROR(EAGAIN) && status != 0 && h.draining))
      return false;
    if (status != AVERROR(EAGAIN)) ++damaged_;
    const int got = av_read_frame(h.format, h.packet);
    if (got < 0) {
      h.draining = true;
      avcodec_send_packet(h.codec, nullptr);
      continue;
    }
    if (h.packet->stream_index == h.stream && avcodec_send_packet(h.codec, h.packet) < 0)
      ++damaged_;
    av_packet_unref(h.packet);
  }
}

// As the file says, from its first picture on; where it says nothing, or goes back, by its rate.
double VideoReader::time_of(const AVFrame& frame) {
  const double by_rate = decoded_ == 0 ? 0 : seconds_ + 1 / info_.fps;
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return by_rate;
  const AVStream& stream = *handles_->format->streams[handles_->stream];
  const double stated = static_cast<double>(frame.best_effort_timestamp) * av_q2d(stream.time_base);
  if (decoded_ == 0) first_seconds_ = stated;
  const double seconds = stated - first_seconds_;
  return seconds >= seconds_ && seconds < kLongestSeconds ? seconds : by_rate;
}

void VideoReader::turn(VideoFrame& frame) const {
  const AVFrame& from = *frame.get();
  if (!is_planar_420(from)) return;
  VideoFrame turned;
  AVFrame& to = *turned.get();
  const bool swapped = quarter_turns_ % 2 == 1;
  to.width = swapped ? from.height : from.width;
  to.height = swapped ? from.width : from.height;
  to.format = from.format;
  to.colorspace = from.colorspace;
  to.color_range = from.color_range;
  if (av_frame_get_buffer(&to, 0) < 0) fail("{}: no memory for a frame", path_.string());
  for (int p = 0; p < 3; ++p) {
    const int shift = p == 0 ? 0 : 1;
    const PlaneView source{from.data[p], from.linesize[p], (from.width + shift) >> shift,
                           (from.height + shift) >> shift};
    turn_plane(source, quarter_turns_, to.data[p], to.linesize[p]);
  }
  frame = std::move(turned);
}

void VideoReader::check_end() const {
  const char* what = kind_ == Kind::kVideo ? "video" : "picture";
  if (decoded_ == 0) fail("{}: holds no readable {} frame", path_.string(), what);
  const auto promised = static_cast<double>(info_.frames);
  if (kind_ == Kind::kVideo && static_cast<double>(decoded_) < promised * 0.98 - 2) {
    fail("{}: is cut short: it ends after {} of {} frames", path_.string(), decoded_, info_.frames);
  }
}

}  // namespace octet
