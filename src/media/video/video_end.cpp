#include "media/video/video_end.h"

extern "C" {
#include <libavformat/avformat.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace octet {
namespace {

// Less of a file's end may be missing without a word: containers round, and sound ends where it may.
constexpr double kLeastMissingSeconds = 1, kLeastMissingShare = 0.05;

bool is(const AVFormatContext& format, std::string_view name) {
  return std::string_view(format.iformat->name).find(name) != std::string_view::npos;
}

// Transport and program streams are cut anywhere; nothing in them says that there was more.
bool is_cut_anywhere(const AVFormatContext& format) {
  return (format.iformat->flags & AVFMT_TS_DISCONT) != 0;
}

bool index_goes_on(AVFormatContext& format, int64_t bytes) {
  for (unsigned s = 0; s < format.nb_streams; ++s) {
    AVStream* stream = format.streams[s];
    const int entries = avformat_index_get_entries_count(stream);
    for (int i = 0; i < entries; ++i) {
      const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
      if (entry->pos > bytes - entry->size) return true;
    }
  }
  return false;
}

// A number of EBML (RFC 8794): its length stands in its first byte. Nothing where it is unknown.
std::optional<int64_t> ebml_size(AVIOContext& io) {
  const int first = avio_r8(&io);
  int length = 1;
  while (length <= 8 && (first & (0x80 >> (length - 1))) == 0) ++length;
  if (length > 8) return std::nullopt;
  int64_t value = first & (0x7F >> (length - 1));
  for (int i = 1; i < length; ++i) value = value << 8 | avio_r8(&io);
  const bool all_ones = value == (int64_t{1} << (7 * length)) - 1;
  return all_ones ? std::nullopt : std::optional(value);
}

// Where the segment of a Matroska file ends, as it says itself.
std::optional<int64_t> segment_end(AVIOContext& io) {
  constexpr unsigned kHeader = 0x1A45DFA3, kSegment = 0x18538067;
  if (avio_seek(&io, 0, SEEK_SET) < 0 || avio_rb32(&io) != kHeader) return std::nullopt;
  const auto header = ebml_size(io);
  if (!header || avio_skip(&io, *header) < 0 || avio_rb32(&io) != kSegment) return std::nullopt;
  const auto segment = ebml_size(io);
  return segment ? std::optional(avio_tell(&io) + *segment) : std::nullopt;
}

}  // namespace

void VideoEnd::see(const AVFormatContext& format, const AVPacket& packet) {
  last_is_partial_ = (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  const int64_t shown = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (shown == AV_NOPTS_VALUE) return;
  const AVRational base = format.streams[packet.stream_index]->time_base;
  end_ = std::max(end_, static_cast<double>(shown + packet.duration) * av_q2d(base));
}

bool VideoEnd::ends_early(const AVFormatContext& format) const {
  const bool stated = format.duration != AV_NOPTS_VALUE &&
                      format.duration_estimation_method == AVFMT_DURATION_FROM_STREAM &&
                      !is(format, "avi");  // which states what its number of frames would take
  if (!stated) return false;
  const double duration = static_cast<double>(format.duration) / AV_TIME_BASE;
  return duration - end_ > kLeastMissingSeconds + kLeastMissingShare * duration;
}

VideoEnd::Verdict VideoEnd::verdict(AVFormatContext& format, int status) const {
  const bool early = ends_early(format);
  if (status != AVERROR_EOF && (status != AVERROR_INVALIDDATA || early)) return Verdict::kCutShort;
  if (last_is_partial_ && !is_cut_anywhere(format)) return Verdict::kCutShort;
  const int64_t bytes = avio_size(format.pb);
  if (bytes > 0 && index_goes_on(format, bytes)) return Verdict::kCutShort;
  if (bytes > 0 && is(format, "matroska") && segment_end(*format.pb).value_or(0) > bytes)
    return Verdict::kCutShort;
  return early ? Verdict::kDoubtful : Verdict::kWhole;
}

std::string VideoEnd::where(const AVFormatContext& format) const {
  std::string end = fmt::format("it ends after {:.1f} s", end_);
  if (!ends_early(format)) return end;
  return fmt::format("{} of {:.1f} s", end, static_cast<double>(format.duration) / AV_TIME_BASE);
}

}  // namespace octet
