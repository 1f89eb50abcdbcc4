extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

#include <cstdlib>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/ffmpeg/file_io.h"
#include "media/ffmpeg/formats.h"
#include "media/ffmpeg/scans.h"
#include "media/video/video.h"
#include "media/video/video_end.h"

namespace octet {
namespace {

constexpr int64_t kMaxPixels = 8192 * 4352;  // the largest of H.264's and HEVC's levels, 6.2
constexpr int kPixelsForTwoThreads = 1920 * 1088;
constexpr double kLongestSeconds = 1e9;  // of a video: a time beyond it is none

// How a stream's pictures have to be turned and mirrored: to the nearest quarter. A point (x, y) of a
// picture is shown at (m[0] x + m[3] y, m[1] x + m[4] y), moved into view.
Turn turn_of(const AVStream& stream) {
  size_t bytes = 0;
  const auto* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  if (data == nullptr || bytes < 9 * sizeof(int32_t)) return {};
  const auto* m = reinterpret_cast<const int32_t*>(data);
  const auto size = [&](int i) { return std::abs(static_cast<int64_t>(m[i])); };
  if (size(1) + size(3) > size(0) + size(4))
    return {.transposed = true, .flip_x = m[1] < 0, .flip_y = m[3] < 0};
  return {.flip_x = m[0] < 0, .flip_y = m[4] < 0};
}

struct PlaneView {
  const uint8_t* data;
  std::ptrdiff_t stride;
  int width, height;
};

void turn_plane(const PlaneView& in, const Turn& turn, uint8_t* out, std::ptrdiff_t out_stride) {
  const int width = turn.transposed ? in.height : in.width;
  const int height = turn.transposed ? in.width : in.height;
  const std::ptrdiff_t step_x = turn.flip_x ? -1 : 1;
  const std::ptrdiff_t step_y = turn.flip_y ? -in.stride : in.stride;
  const uint8_t* from =
      in.data + (turn.flip_x ? in.width - 1 : 0) + (turn.flip_y ? (in.height - 1) * in.stride : 0);
  const std::ptrdiff_t along = turn.transposed ? step_y : step_x;
  const std::ptrdiff_t down = turn.transposed ? step_x : step_y;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) out[y * out_stride + x] = from[y * down + x * along];
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
  VideoEnd end;
  int end_status = 0;  // why there is no further packet

  ~Handles() {
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
  }
};

VideoReader::VideoReader(const std::filesystem::path& path)
    : path_(path), handles_(std::make_unique<Handles>()) {
  av_log_set_level(AV_LOG_QUIET);
  Handles& h = *handles_;
  h.file = FileIo::open_to_read(path);
  h.format = avformat_alloc_context();
  h.file->serve(*h.format);
  FfmpegOptions entries;
  entries.allow_files();
  if (const int status = avformat_open_input(&h.format, nullptr, nullptr, entries.get());
      status < 0) {
    fail("{}: is not a readable video, or is cut short ({})", path.string(), ffmpeg_reason(status));
  }
  if (const int status = avformat_find_stream_info(h.format, nullptr); status < 0) {
    fail("{}: is not a readable video ({})", path.string(), ffmpeg_reason(status));
  }
  const AVCodec* codec = nullptr;
  h.stream = av_find_best_stream(h.format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (h.stream < 0 || codec == nullptr)
    fail("{}: has no video in it that the installed FFmpeg can decode", path.string());
  const AVStream& stream = *h.format->streams[h.stream];
  if (const AVCodecParameters& says = *stream.codecpar;
      int64_t{says.width} * says.height > kMaxPixels)
    fail("{}: {} x {} pixels are more than the {} that a video may have", path.string(), says.width,
         says.height, kMaxPixels);
  h.codec = avcodec_alloc_context3(codec);
  h.codec->max_pixels = kMaxPixels;
  h.codec->codec_whitelist = av_strdup(h.format->codec_whitelist);
  avcodec_parameters_to_context(h.codec, stream.codecpar);
  h.codec->pkt_timebase = stream.time_base;
  h.codec->thread_count = int64_t{h.codec->width} * h.codec->height > kPixelsForTwoThreads ? 2 : 1;
  if (const int status = avcodec_open2(h.codec, codec, nullptr); status < 0) {
    fail("{}: its {} decoder cannot be opened ({})", path.string(), codec->name,
         ffmpeg_reason(status));
  }
  const AVRational rate = av_guess_frame_rate(h.format, h.format->streams[h.stream], nullptr);
  info_.size = {h.codec->width, h.codec->height};
  if (rate.num > 0 && rate.den > 0) info_.fps = av_q2d(rate);
  info_.frames = stream.nb_frames;
  turn_ = turn_of(stream);
  if (turn_.transposed) std::swap(info_.size.width, info_.size.height);
  if (info_.size.width <= 0 || info_.size.height <= 0)
    fail("{}: its video has no size", path.string());
}

VideoReader::~VideoReader() = default;

bool VideoReader::read(VideoFrame& frame) {
  if (!decode_next(frame)) {
    check_end();
    return false;
  }
  seconds_ = time_of(*frame.get());
  ++decoded_;
  make_planar_420(frame);
  if (turn_ != Turn{}) turn(frame);
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
      h.end_status = got;
      avcodec_send_packet(h.codec, nullptr);
      continue;
    }
    h.end.see(*h.format, *h.packet);
    if (h.packet->stream_index == h.stream &&
        (has_too_many_scans(*h.codec, *h.packet) || avcodec_send_packet(h.codec, h.packet) < 0))
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
  if (!first_seconds_) first_seconds_ = stated - by_rate;
  const double seconds = stated - *first_seconds_;
  return seconds >= seconds_ && seconds < kLongestSeconds ? seconds : by_rate;
}

void VideoReader::turn(VideoFrame& frame) const {
  const AVFrame& from = *frame.get();
  if (!is_planar_420(from)) return;
  VideoFrame turned;
  AVFrame& to = *turned.get();
  const bool swapped = turn_.transposed;
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
    turn_plane(source, turn_, to.data[p], to.linesize[p]);
  }
  frame = std::move(turned);
}

void VideoReader::check_end() {
  if (decoded_ == 0)
    fail("{}: holds no video frame that can be read, or is cut short", path_.string());
  Handles& h = *handles_;
  if (h.end_status == 0) return;  // it was looked at
  const VideoEnd::Verdict verdict = h.end.verdict(*h.format, std::exchange(h.end_status, 0));
  if (verdict == VideoEnd::Verdict::kWhole) return;
  const std::string where = h.end.where(*h.format) + fmt::format(", {} frames", decoded_);
  if (verdict == VideoEnd::Verdict::kCutShort)
    cut_short_ = fmt::format("{}: is cut short: {}", path_.string(), where);
  else
    log_warning("{}: may be cut short: {}", path_.string(), where);
}

}  // namespace octet
