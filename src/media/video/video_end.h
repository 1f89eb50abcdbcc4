// Whether a video file goes on to where its container says that it ends. The number of frames that it
// states is no measure: an edit list leaves out some of them, and an empty chunk of an AVI is one.
#pragma once

#include <cstdint>
#include <string>

struct AVFormatContext;
struct AVPacket;

namespace octet {

class VideoEnd {
 public:
  // Every packet of the file, of whatever stream.
  void see(const AVFormatContext& format, const AVPacket& packet);

  enum class Verdict {
    kWhole,
    kDoubtful,  // it ends well before the time that it states: a wrong header says so, too
    kCutShort   // bytes are missing that belong to it, or cannot be read
  };
  // `status`: why there was no further packet.
  [[nodiscard]] Verdict verdict(AVFormatContext& format, int status) const;
  // "its header says 6.0 s, it ends after 3.1 s", and what may be said of it.
  [[nodiscard]] std::string where(const AVFormatContext& format) const;

 private:
  [[nodiscard]] bool ends_early(const AVFormatContext& format) const;

  double end_ = 0;  // of the packet that is shown last, in seconds as the file counts
  bool last_is_partial_ = false;
};

}  // namespace octet
