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
inline constexpr int kMaxInputSide = 8192;  // a larger one is probably a typing error

// The value of --imgsz: "640" (one side; the verb chooses the square or a fitting rectangle) or
// "640x384" (exactly width × height).
struct SizeOption {
  Size size;
  bool exact = false;  // both sides were given

  // Throws a usage error unless it is one or two multiples of `multiple`.
  static SizeOption parse(std::string_view text, int multiple = kInputMultiple);
};

// The multiple of 32 that a training with images of `pixels` a side uses; 0 where `pixels` is not a
// valid side.
[[nodiscard]] int input_side(int64_t pixels);

// The smallest input with long side `side` that holds an image with the aspect ratio of `source`.
// Each side is a multiple of 32.
[[nodiscard]] Size fitting_rectangle(int side, Size source);

[[nodiscard]] std::string to_string(Size size);  // "640x384"

}  // namespace octet
