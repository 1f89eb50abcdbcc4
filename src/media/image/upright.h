// Turns images.
#pragma once

#include "vision/image.h"

namespace octet {

// Turns and mirrors the image so that it is upright. `orientation` is 1 (upright already) to 8, as
// EXIF counts them.
[[nodiscard]] Image upright(Image image, int orientation);

}  // namespace octet
