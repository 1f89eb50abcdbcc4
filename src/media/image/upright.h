// Turning pictures.
#pragma once

#include "vision/image.h"

namespace octet {

// Turns and mirrors the picture so that it stands upright. `orientation`: 1 (it does) to 8, as EXIF
// counts them.
[[nodiscard]] Image upright(Image image, int orientation);

}  // namespace octet
