// Shared by the readers of files and streams. FFmpeg's own headers stay in the .cpp files.
#pragma once

#include <string>

struct AVFrame;

namespace octet {

class VideoFrame;

// Returns FFmpeg's message for a negative status.
[[nodiscard]] std::string ffmpeg_reason(int status);

[[nodiscard]] bool is_planar_420(const AVFrame& frame);
// Converts a frame in another format to planar YUV 4:2:0.
void make_planar_420(VideoFrame& frame);

}  // namespace octet
