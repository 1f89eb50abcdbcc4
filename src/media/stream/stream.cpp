#include "media/stream/stream.h"

#include <dlfcn.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "core/error.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/image/picture_end.h"
#include "media/video/frame_pool.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxPixels = 150'000'000;
constexpr int kPixelsForTwoThreads = 1920 * 1088;
constexpr int64_t kProbeMicroseconds = 500'000;

bool is_device(const std::string& source) { return source.starts_with("/dev/"); }
bool is_rtsp(const std::string& source) {
  return source.starts_with("rtsp://") || source.starts_with("rtsps://");
}

// libavdevice pulls in thirty libraries, so it is opened only for a camera.
const AVInputFormat* camera_format() {
  static void* library = [] {
    void* opened = nullptr;
    for (const char* name :
         {"libavdevice.so.59", "libavdevice.so.60", "libavdevice.so.61", "libavdevice.so"}) {
      if (opened == nullptr) opened = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    return opened;
  }();
  if (library == nullptr) fail("cameras need FFmpeg's libavdevice; install Debian's libavdevice59");
  if (auto* all = reinterpret_cast<void (*)()>(::dlsym(library, "avdevice_register_all"))) all();
  const AVInputFormat* format = av_find_input_format("v4l2");
  if (format == nullptr) fail("the installed FFmpeg cannot read V4L2 cameras");
  return format;
}

struct Options {
  AVDictionary* entries = nullptr;

  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { av_dict_free(&entries); }
  void set(const char* key, const char* value) { av_dict_set(&entries, key, value, 0); }
};

// A V4L2 driver says when it took the picture, on the clock that steady_clock reads.
Clock::time_point when_taken(const AVPacket& packet, Clock::time_point arrived) {
  if (packet.pts == AV_NOPTS_VALUE) return arrived;
  const Clock::time_point taken{std::chrono::microseconds(packet.pts)};
  return taken < arrived && arrived - taken < std::chrono::seconds(1) ? taken : arrived;
}

// RTSP, and a stream without container (of rpicam-vid), hand out fragments of pictures, which are
// put together here, so that it is known when the last one of a picture came in.
bool comes_in_fragments(const AVFormatContext& format) {
  const std::string name = format.iformat->name;
  return name == "rtsp" || name == "h264" || name == "hevc";
}
bool is_put_together(AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_MPEG4;
}

}  // namespace

bool is_stream(const std::string& source) {
  return source == "-" || source.find("://") != std::string::npos || is_device(source);
}

std::string public_address(const std::string& address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string::npos) return address;
  const size_t host = scheme + 3;
  std::string out = address.substr(0, address.find_first_of("?#", host));
  const size_t slash = std::min(out.find('/', host), out.size());
  const size_t at = out.rfind('@', slash);
  if (at != std::string::npos && at >= host) out.erase(host, at + 1 - host);
  return out;
}

struct StreamReader::Handles {
  FramePool pool;
  AVFormatContext* format = nullptr;
  AVCodecContext* codec = nullptr;
  AVCodecParserContext* parser = nullptr;
  AVPacket* packet = av_packet_alloc();  // as it came in
  AVPacket* whole = av_packet_alloc();   // a picture's, put together by the parser
  std::optional<PictureEnd> picture_end;
  std::span<const uint8_t> rest;  // what the parser does not have yet
  bool ends_here = false;         // the picture, with `rest`
  int stream = -1;
  const std::atomic<bool>* stop = nullptr;
  Clock::time_point deadline;
  std::chrono::milliseconds patience{};
  Clock::time_point arrived;  // of `packet`
  Clock::time_point before;   // of the one before it

  ~Handles() {
    av_packet_free(&packet);
    av_packet_free(&whole);
    av_parser_close(parser);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
  }
  void wait_from_now() { deadline = Clock::now() + patience; }
};

StreamReader::StreamReader(const std::string& address, const StreamOptions& options,
                           const std::atomic<bool>& stop)
    : name_(public_address(address)), handles_(std::make_unique<Handles>()) {
  av_log_set_level(AV_LOG_QUIET);  // it would print addresses with their passwords
  handles_->stop = &stop;
  handles_->patience = options.patience;
  open_input(address, options);
  open_decoder();
}

StreamReader::~StreamReader() = default;

void StreamReader::open_input(const std::string& address, const StreamOptions& options) {
  Handles& h = *handles_;
  h.format = avformat_alloc_context();
  h.format->interrupt_callback = {[](void* opaque) {
                                    const auto& handles = *static_cast<Handles*>(opaque);
                                    return *handles.stop || Clock::now() > handles.deadline ? 1 : 0;
                                  },
                                  &h};
  h.format->flags |= AVFMT_FLAG_NOBUFFER;
  h.format->max_analyze_duration = kProbeMicroseconds;
  Options entries;
  if (is_rtsp(address)) {
    entries.set("rtsp_transport", options.udp ? "udp" : "tcp");
    entries.set("allowed_media_types", "video");
    entries.set("max_delay", "0");
  }
  // What a stream may refer to: no files of this machine.
  entries.set("protocol_whitelist",
              address == "-" ? "pipe" : "rtp,rtsp,rtsps,srtp,tcp,udp,tls,http,https,httpproxy");
  const AVInputFormat* format = is_device(address) ? camera_format() : nullptr;
  const std::string opened = address == "-" ? "pipe:0" : address;
  h.wait_from_now();
  if (const int status = avformat_open_input(&h.format, opened.c_str(), format, &entries.entries);
      status < 0) {
    fail("{}: cannot be opened: {}", name_,
         status == AVERROR_EXIT ? "no answer" : ffmpeg_reason(status));
  }
  h.wait_from_now();
  if (comes_in_fragments(*h.format))
    h.format->flags |= AVFMT_FLAG_NOPARSE;
  else if (avformat_find_stream_info(h.format, nullptr) < 0)
    fail("{}: is not a readable video", name_);
}

void StreamReader::open_decoder() {
  Handles& h = *handles_;
  const AVCodec* codec = nullptr;
  h.stream = av_find_best_stream(h.format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (h.stream < 0) fail("{}: has no video in it", name_);
  const AVCodecParameters& parameters = *h.format->streams[h.stream]->codecpar;
  codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr)
    fail("{}: the installed FFmpeg cannot decode its {}", name_,
         avcodec_get_name(parameters.codec_id));
  h.codec = avcodec_alloc_context3(codec);
  h.codec->max_pixels = kMaxPixels;
  avcodec_parameters_to_context(h.codec, &parameters);
  h.codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
  h.codec->thread_type = FF_THREAD_SLICE;  // threads over frames would keep frames back
  h.codec->thread_count = int64_t{h.codec->width} * h.codec->height > kPixelsForTwoThreads ? 2 : 1;
  h.pool.serve(*h.codec);
  if (const int status = avcodec_open2(h.codec, codec, nullptr); status < 0)
    fail("{}: its {} decoder cannot be opened ({})", name_, codec->name, ffmpeg_reason(status));
  if (comes_in_fragments(*h.format) && is_put_together(parameters.codec_id))
    h.parser = av_parser_init(parameters.codec_id);
  if (parameters.codec_id == AV_CODEC_ID_H264) h.picture_end.emplace(NalSyntax::kH264);
  if (parameters.codec_id == AV_CODEC_ID_HEVC) h.picture_end.emplace(NalSyntax::kHevc);
}

// The next packet of the video; false at the end.
bool StreamReader::next_packet() {
  Handles& h = *handles_;
  while (true) {
    av_packet_unref(h.packet);
    h.wait_from_now();
    const int status = av_read_frame(h.format, h.packet);
    if (status == AVERROR_EOF) return false;
    if (status == AVERROR_EXIT) {
      fail("{}: nothing came in for {:.0f} s", name_,
           std::chrono::duration<double>(h.patience).count());
    }
    if (status < 0) fail("{}: broke off: {}", name_, ffmpeg_reason(status));
    if (h.packet->stream_index != h.stream) continue;
    h.before = std::exchange(h.arrived, Clock::now());
    if (is_device(h.format->url)) h.arrived = when_taken(*h.packet, h.arrived);
    return true;
  }
}

// What the parser gets next: a packet, or what says that a picture ended with it. False at the end.
bool StreamReader::next_for_parser() {
  Handles& h = *handles_;
  if (std::exchange(h.ends_here, false)) {
    h.rest = h.picture_end->delimiter();
    h.before = h.arrived;
    return true;
  }
  if (!next_packet()) return false;
  h.rest = {h.packet->data, static_cast<size_t>(h.packet->size)};
  h.ends_here = h.picture_end && h.picture_end->add(h.rest);
  return true;
}

// Puts the next whole picture into `whole`; false at the end.
bool StreamReader::next_from_parser() {
  Handles& h = *handles_;
  while (true) {
    const bool ends_in_earlier_packet = h.rest.empty();
    if (h.rest.empty() && !next_for_parser()) return false;
    uint8_t* data = nullptr;
    int size = 0;
    const int used =
        av_parser_parse2(h.parser, h.codec, &data, &size, h.rest.data(),
                         static_cast<int>(h.rest.size()), h.packet->pts, h.packet->dts, 0);
    h.rest = h.rest.subspan(std::min(h.rest.size(), static_cast<size_t>(std::max(used, 0))));
    if (size == 0) continue;
    av_packet_unref(h.whole);
    if (av_new_packet(h.whole, size) < 0) fail("{}: no memory for a packet", name_);
    std::copy_n(data, size, h.whole->data);
    if (!ends_in_earlier_packet) h.before = h.arrived;
    return true;
  }
}

bool StreamReader::read(VideoFrame& frame, Clock::time_point& arrived) {
  Handles& h = *handles_;
  while (true) {
    const int status = avcodec_receive_frame(h.codec, frame.get());
    if (status == 0 && frame.size().width > 0 && frame.size().height > 0) {
      make_planar_420(frame);
      arrived = h.parser != nullptr ? h.before : h.arrived;
      return true;
    }
    if (h.parser != nullptr ? !next_from_parser() : !next_packet()) return false;
    // What is damaged gives no picture; the next one does.
    avcodec_send_packet(h.codec, h.parser != nullptr ? h.whole : h.packet);
  }
}

}  // namespace octet
