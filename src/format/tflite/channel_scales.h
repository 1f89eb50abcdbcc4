// Repairs scales of networks with 8-bit weights and float arithmetic ("dynamic range"). In
// depthwise and grouped convolutions TensorFlow Lite reads one scale a channel, even where the file
// has a single one.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// Returns the file with the scale repeated for every channel. The results are the same, and nothing
// beyond the list is read. Returns an empty text where no repair is needed. summarize_tflite() must
// have accepted `content`. Throws an Error that names the file where it would become too large.
[[nodiscard]] std::string with_channel_scales(std::string_view content, const std::string& name);

}  // namespace octet
