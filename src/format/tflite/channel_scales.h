// Weights of 8 bits in a network that computes in float ("dynamic range"). TensorFlow Lite reads one
// scale a channel of its depthwise and grouped convolutions, also where the file has a single one.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// The file with that scale repeated for every channel: the same numbers, and nothing beyond them is
// read. Empty where it is needed nowhere. `content`: as summarize_tflite() took it. Throws an Error
// that names the file where it would become too large.
[[nodiscard]] std::string with_channel_scales(std::string_view content, const std::string& name);

}  // namespace octet
