#include "media/image/upright.h"

#include <algorithm>
#include <utility>

namespace octet {

Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool transposed = orientation >= 5;
  Image out{.width = transposed ? image.height : image.width,
            .height = transposed ? image.width : image.height,
            .rgb = {}};
  out.rgb.resize(image.rgb.size());
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int from_x = transposed ? y : x;
      int from_y = transposed ? x : y;
      if (flip_x) from_x = image.width - 1 - from_x;
      if (flip_y) from_y = image.height - 1 - from_y;
      const auto* from = &image.rgb[(static_cast<size_t>(from_y) * image.width + from_x) * 3];
      std::copy_n(from, 3, &out.rgb[(static_cast<size_t>(y) * out.width + x) * 3]);
    }
  }
  return out;
}

}  // namespace octet
