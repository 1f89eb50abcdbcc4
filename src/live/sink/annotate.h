// A result as people look at it.
#pragma once

#include "live/sink/sinks.h"
#include "live/source/source.h"

namespace octet {

// The picture with what was found in it, and the camera's zones and lines.
[[nodiscard]] Image annotated(const Picture& picture, const StreamResult& result);

}  // namespace octet
