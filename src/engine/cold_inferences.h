// The first inferences of a network make buffers and fill caches. Times of layers leave them out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace octet {

inline constexpr int kColdInferences = 3;

// Means over the inferences behind the cold ones. `all`: means over all `count` inferences. `cold`:
// means over the first kColdInferences, of the same layers; where they differ, `all` stays.
[[nodiscard]] inline std::vector<LayerTime> without_cold(std::vector<LayerTime> all, int64_t count,
                                                         const std::vector<LayerTime>& cold) {
  const bool same =
      std::equal(all.begin(), all.end(), cold.begin(), cold.end(),
                 [](const LayerTime& a, const LayerTime& b) { return a.name == b.name; });
  if (!same || count <= kColdInferences) return all;
  for (size_t i = 0; i < all.size(); ++i) {
    const double sum =
        all[i].seconds * static_cast<double>(count) - cold[i].seconds * kColdInferences;
    all[i].seconds = std::max(0.0, sum / static_cast<double>(count - kColdInferences));
  }
  return all;
}

}  // namespace octet
