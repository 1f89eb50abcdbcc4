// Draws a result for people.
#pragma once

#include "live/sink/sinks.h"
#include "live/source/source.h"

namespace octet {

// Returns the image with its detections, and the zones and lines of the camera.
[[nodiscard]] Image annotated(const Picture& picture, const StreamResult& result);

}  // namespace octet
