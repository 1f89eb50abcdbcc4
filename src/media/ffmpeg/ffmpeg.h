// What the readers of files and of streams share. FFmpeg's own headers stay in the .cpp files.
#pragma once

#include <string>

struct AVFrame;

namespace octet {

class VideoFrame;

// What FFmpeg says of a negative status.
[[nodiscard]] std::string ffmpeg_reason(int status);

[[nodiscard]] bool is_planar_420(const AVFrame& frame);
// Converts where it is something else.
void make_planar_420(VideoFrame& frame);

}  // namespace octet
