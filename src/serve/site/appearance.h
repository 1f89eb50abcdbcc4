// The look of a camera's picture and of its results, in a few figures. They tell a site that
// changed: another light, a turned camera, dirt on the glass.
#pragma once

#include <array>
#include <cstddef>

#include "live/sink/sinks.h"
#include "live/source/source.h"

namespace octet {

enum class Measure { kBrightness, kContrast, kSharpness, kBlue, kRed, kConfidence };
inline constexpr size_t kMeasures = 6;

// By Measure.
//   brightness  mean of luma, 0 … 255
//   contrast    standard deviation of luma
//   sharpness   mean difference of neighbours, as a share of the contrast
//   blue, red   means of the chroma planes, −128 … 127
//   confidence  mean over the detections; NaN where there is none
using Appearance = std::array<double, kMeasures>;

// Looks at every fourth row and column of a video frame. Throws nothing.
[[nodiscard]] Appearance appearance_of(const Picture& picture, const Detections& detections);

}  // namespace octet
