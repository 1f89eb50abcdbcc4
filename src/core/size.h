// Width × height of an image or a network input, in pixels, and its command-line form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace octet {

struct Size {
  int width = 0;
  int height = 0;
  bool operator==(const Size&) const = default;
};

[[nodiscard]] inline int longer_side(Size size) { return std::max(size.width, size.height); }

inline constexpr int kInputMultiple = 32;   // the largest stride of the network
inline constexpr int kMaxInputSide = 8192;  // beyond it a typing error is likelier than a wish

// What --imgsz said: "640" (one side: square or fitting rectangle, the verb decides) or "640x384"
// (width × height, exactly).
struct SizeOption {
  Size size;
  bool exact = false;  // both sides were given

  // Throws a usage error unless it is one or two multiples of 32.
  static SizeOption parse(std::string_view text);
};

// The multiple of 32 that a training on pictures of so many pixels a side computes with; 0 where
// that is no side.
[[nodiscard]] int input_side(int64_t pixels);

// The smallest input with long side `side` that holds a picture of `source`'s aspect ratio, each
// side a multiple of 32.
[[nodiscard]] Size fitting_rectangle(int side, Size source);

[[nodiscard]] std::string to_string(Size size);  // "640x384"

}  // namespace octet
