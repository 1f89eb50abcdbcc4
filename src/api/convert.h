// Values of the library's interface from octet's own, and back.
#pragma once

#include <octet/detections.h>
#include <octet/image.h>
#include <octet/model.h>

#include <span>
#include <string>
#include <vector>

#include "detect/artifact.h"
#include "vision/decode.h"
#include "vision/detections.h"
#include "vision/image.h"

namespace octet::v0 {

struct DetectOptions;

[[nodiscard]] Detections to_public(const octet::Detections& found,
                                   std::span<const std::string> class_names);
[[nodiscard]] ModelInfo to_public(const Artifact& artifact);
[[nodiscard]] Image to_public(octet::Image image);

// Throws an Error of usage for a figure out of range.
[[nodiscard]] DecodeOptions to_inner(const DetectOptions& options);

// The same pixels, red first. `scratch` holds them where they had to be turned round. Throws an
// Error of usage for a view without pixels, or of more than an image may have.
[[nodiscard]] RgbView rgb_view(const ImageView& image, std::vector<uint8_t>& scratch);

}  // namespace octet::v0
