#include "media/stream/stream.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text/secrets.h"
#include "media/ffmpeg/ffmpeg.h"
#include "media/ffmpeg/file_io.h"
#include "media/ffmpeg/formats.h"
#include "media/ffmpeg/scans.h"
#include "media/image/picture_end.h"
#include "media/stream/login.h"
#include "media/stream/stream_clock.h"
#include "media/stream/stream_guard.h"
#include "media/video/frame_pool.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxPixels = int64_t{8192} * 8192;
constexpr size_t kMostBytesAtOnce = 256 << 20;  // that FFmpeg allocates: of a picture, or a message
constexpr int kPatienceWithPictures = 6;        // waits in which packets come, but no picture
constexpr std::chrono::hours kUnlimited{24 * 365};  // standard input may be silent
constexpr int kPixelsForTwoThreads = 1920 * 1088;
constexpr int64_t kProbeMicroseconds = 500'000;
// Between two pictures, as a stream states it; a file that comes through a pipe may pause for longer.
constexpr double kLongestStepSeconds = 10, kLongestStepOfPipe = 3600;

constexpr std::array<std::string_view, 7> kSchemes = {"rtsp", "rtsps", "http", "https",
                                                      "rtp",  "udp",   "tcp"};

bool is_device(const std::string& source) {
  std::error_code unknown;
  const auto status = std::filesystem::status(source, unknown);
  return source.starts_with("/dev/") && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}
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
// Of these FFmpeg counts pictures at a rate that it makes up.
bool states_times(const AVFormatContext& format) {
  const std::string name = format.iformat->name;
  return (format.iformat->flags & AVFMT_NOTIMESTAMPS) == 0 && name != "jpeg_pipe";
}
bool is_put_together(AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_MPEG4;
}

// Whether decoding with low delay would hand out pictures in the order in which they are coded.
bool would_be_disordered(const AVCodecParameters& parameters) {
  return parameters.video_delay > 0 && parameters.codec_id != AV_CODEC_ID_H264 &&
         parameters.codec_id != AV_CODEC_ID_HEVC;
}

// FFmpeg 5 hands these options to HTTP's connection, not to RTSP's.
void require_certificate(const std::string& address, const std::filesystem::path& authorities,
                         FfmpegOptions& entries) {
  if (address.starts_with("rtsps://"))
    fail_usage(
        "{}: the installed FFmpeg cannot check the certificate of an rtsps:// camera; take an "
        "https:// address of it, or leave --tls-ca out",
        public_address(address));
  if (!address.starts_with("https://")) return;
  entries.set("tls_verify", "1");
  entries.set("ca_file", authorities.string());
}

std::optional<double> seconds_of(int64_t stated, const AVStream& stream) {
  if (stated == AV_NOPTS_VALUE) return std::nullopt;
  return static_cast<double>(stated) * av_q2d(stream.time_base);
}

}  // namespace

bool is_stream(const std::string& source) {
  return source == "-" || source.find("://") != std::string::npos || is_device(source);
}

void require_camera_address(const std::string& address) {
  if (address == "-") return;
  if (is_device(address)) {
    constexpr unsigned kVideo4Linux = 81;  // Linux' admin-guide/devices.txt
    struct stat status {};
    const bool there = ::stat(address.c_str(), &status) == 0;
    if (there && (!S_ISCHR(status.st_mode) || major(status.st_rdev) != kVideo4Linux))
      fail_usage("--source {}: this device is no camera; cameras are /dev/video0 and so on",
                 address);
    return;
  }
  const std::string scheme = address.substr(0, address.find("://"));
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end())
    fail_usage(
        "--source {}: no camera is opened by {}://, but by {}; a file is named by its path alone",
        public_address(address), scheme, fmt::join(kSchemes, ", "));
}

struct StreamReader::Handles {
  explicit Handles(const std::atomic<bool>& stop, std::chrono::milliseconds patience)
      : guard(stop, patience) {}

  StreamGuard guard;
  std::unique_ptr<FileIo> standard_input;  // where that is read
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
  bool is_device = false;
  Clock::time_point deadline;  // of the next picture
  Clock::time_point arrived;   // of `packet`
  Clock::time_point before;    // of the one before it
  std::optional<ProbedPackets> probed;
  std::optional<StreamClock> clock;
  bool ends_by_closing = false;  // HTTP: FFmpeg cannot tell that from a connection that broke
  std::string broke_off;         // why, where it did
  bool over = false;             // no packet follows
  bool draining = false;         // the decoder knows that
  int64_t pictures = 0;

  [[nodiscard]] const AVStream& video() const { return *format->streams[stream]; }

  ~Handles() {
    av_packet_free(&packet);
    av_packet_free(&whole);
    av_parser_close(parser);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
  }
};

StreamReader::StreamReader(const std::string& address, const StreamOptions& options,
                           const std::atomic<bool>& stop)
    : name_(address == "-" ? "standard input" : public_address(address)),
      patience_(address == "-" ? kUnlimited : options.patience),
      handles_(std::make_unique<Handles>(stop, patience_)) {
  av_log_set_level(AV_LOG_QUIET);  // it would print addresses with their passwords
  av_max_alloc(kMostBytesAtOnce);
  if (address == "-") handles_->standard_input = FileIo::standard_input(stop);
  handles_->clock.emplace(address == "-" ? kLongestStepOfPipe : kLongestStepSeconds);
  open_input(address, options);
  open_decoder();
}

StreamReader::~StreamReader() = default;

void StreamReader::open_input(const std::string& address, const StreamOptions& options) {
  Handles& h = *handles_;
  h.format = avformat_alloc_context();
  h.format->interrupt_callback = {
      [](void* guard) { return static_cast<StreamGuard*>(guard)->must_end() ? 1 : 0; }, &h.guard};
  h.format->max_analyze_duration = kProbeMicroseconds;
  FfmpegOptions entries;
  entries.allow_streams(address);
  if (is_rtsp(address)) {
    entries.set("rtsp_transport", options.udp ? "udp" : "tcp");
    entries.set("allowed_media_types", "video");
    entries.set("max_delay", "0");
  }
  if (!options.authorities.empty()) require_certificate(address, options.authorities, entries);
  if (h.standard_input) h.standard_input->serve(*h.format);
  h.is_device = is_device(address);
  h.ends_by_closing = address.starts_with("http");
  const AVInputFormat* format = h.is_device ? camera_format() : nullptr;
  const std::string url = with_encoded_login(address);
  const char* opened = h.standard_input ? nullptr : url.c_str();
  h.guard.begin();
  if (const int status = avformat_open_input(&h.format, opened, format, entries.get()); status < 0)
    fail("{}: cannot be opened: {}", name_, reason_of(status));
  if (comes_in_fragments(*h.format))
    h.format->flags |= AVFMT_FLAG_NOPARSE;
  else
    probe();
}

// FFmpeg keeps the packets that it reads to learn what the stream is, and hands them out again.
void StreamReader::probe() {
  Handles& h = *handles_;
  h.guard.begin();
  const auto began = Clock::now();
  if (const int status = avformat_find_stream_info(h.format, nullptr); status < 0)
    fail("{}: is not a readable video: {}", name_, reason_of(status));
  h.probed.emplace(began, Clock::now());
}

std::string StreamReader::reason_of(int status) const {
  if (status == AVERROR_EXIT) return handles_->guard.reason();
  if (status == AVERROR(EINVAL))
    return "what it sends is not taken from a camera (playlists and pages are not), or its address "
           "is "
           "wrong";
  return ffmpeg_reason(status);
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
  h.codec->codec_whitelist = av_strdup(h.format->codec_whitelist);
  avcodec_parameters_to_context(h.codec, &parameters);
  h.codec->pkt_timebase = h.video().time_base;
  if (!would_be_disordered(parameters)) h.codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
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
  h.guard.begin();
  while (true) {
    av_packet_unref(h.packet);
    const int status = av_read_frame(h.format, h.packet);
    if (status == AVERROR_EOF || (status == AVERROR(EIO) && h.ends_by_closing)) return false;
    if (status < 0) {  // said when the pictures that came in are out
      h.broke_off = reason_of(status);
      return false;
    }
    // Sound that never ends is not a picture.
    if (h.guard.must_end()) fail("{}: {}", name_, h.guard.reason());
    if (Clock::now() > h.deadline) fail("{}: its packets hold no image that can be read", name_);
    if (h.packet->stream_index != h.stream) continue;
    h.before = std::exchange(h.arrived, Clock::now());
    if (h.probed) h.arrived = h.probed->arrival(seconds_of(h.packet->dts, h.video()), h.arrived);
    if (h.is_device) h.arrived = when_taken(*h.packet, h.arrived);
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
    if (h.rest.empty()) h.over = h.over || !next_for_parser();
    uint8_t* data = nullptr;
    int size = 0;
    const int used =
        av_parser_parse2(h.parser, h.codec, &data, &size, h.rest.data(),
                         static_cast<int>(h.rest.size()), h.packet->pts, h.packet->dts, 0);
    h.packet->pts = h.packet->dts = AV_NOPTS_VALUE;  // of what begins with the packet
    h.rest = h.rest.subspan(std::min(h.rest.size(), static_cast<size_t>(std::max(used, 0))));
    if (size == 0 && h.over) return false;  // what the parser held is out
    if (size == 0) continue;
    av_packet_unref(h.whole);
    if (av_new_packet(h.whole, size) < 0) fail("{}: no memory for a packet", name_);
    std::copy_n(data, size, h.whole->data);
    h.whole->pts = h.parser->pts;
    h.whole->dts = h.parser->dts;
    if (!ends_in_earlier_packet || h.over) h.before = h.arrived;
    return true;
  }
}

// Gives the decoder the next packet, or word that there is none.
void StreamReader::feed_decoder() {
  Handles& h = *handles_;
  h.draining = h.draining || (h.parser != nullptr ? !next_from_parser() : !next_packet());
  // What is damaged gives no picture; the next one does.
  const AVPacket* next = h.parser != nullptr ? h.whole : h.packet;
  if (!h.draining && has_too_many_scans(*h.codec, *next)) return;
  avcodec_send_packet(h.codec, h.draining ? nullptr : next);
}

bool StreamReader::read(VideoFrame& frame, Clock::time_point& arrived) {
  Handles& h = *handles_;
  h.deadline = Clock::now() + kPatienceWithPictures * patience_;
  while (true) {
    const int status = avcodec_receive_frame(h.codec, frame.get());
    if (status == 0 && frame.size().width > 0 && frame.size().height > 0) break;
    const bool over = status < 0 && status != AVERROR(EAGAIN) && h.draining;
    if (over && !h.broke_off.empty()) fail("{}: broke off: {}", name_, h.broke_off);
    if (over && h.pictures == 0) fail("{}: ended without an image that can be read", name_);
    if (over) return false;
    feed_decoder();
  }
  ++h.pictures;
  arrived = h.parser != nullptr ? h.before : h.arrived;
  const std::optional<double> stated = seconds_of(frame.get()->best_effort_timestamp, h.video());
  seconds_ = h.clock->see(states_times(*h.format) ? stated : std::nullopt, arrived);
  make_planar_420(frame);
  return true;
}

}  // namespace octet
