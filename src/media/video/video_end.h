// Tells whether a video file reaches the end that its container states. The stated number of frames
// is no measure: an edit list leaves frames out, and an empty chunk of an AVI counts as one.
#pragma once

#include <cstdint>
#include <string>

struct AVFormatContext;
struct AVPacket;

namespace octet {

class VideoEnd {
 public:
  // Call it for every packet of the file, of every stream.
  void see(const AVFormatContext& format, const AVPacket& packet);

  enum class Verdict {
    kWhole,
    kDoubtful,  // it ends long before its stated time, which a wrong header can cause too
    kCutShort   // bytes of it are missing or unreadable
  };
  // `status`: FFmpeg's reason for the end of packets.
  [[nodiscard]] Verdict verdict(AVFormatContext& format, int status) const;
  // Describes the end: "its header says 6.0 s, it ends after 3.1 s".
  [[nodiscard]] std::string where(const AVFormatContext& format) const;

 private:
  [[nodiscard]] bool ends_early(const AVFormatContext& format) const;

  double end_ = 0;  // of the packet that is shown last, in seconds as the file counts
  bool last_is_partial_ = false;
};

}  // namespace octet
