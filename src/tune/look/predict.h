// What 'octet live' will show, from a look at a network. Pure arithmetic.
#pragma once

#include "tune/look/look.h"

namespace octet {

struct Load {
  double source_fps = 0;  // 0: frames come as fast as they are taken
  int cores = 1;
};

// One frame after the other, the newest first, with detection on a share of them.
[[nodiscard]] Figures predict(const Look& look, const PolicyLook& policy, const Load& load);

// The times of a look at one input, for another: they go by its pixels.
[[nodiscard]] Look scaled(const Look& look, Size from, Size to);

}  // namespace octet
