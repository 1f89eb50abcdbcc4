// The pixels that an operator adds around an image.
#pragma once

namespace octet {

// Pixels on each side. One number stands for all four.
struct Padding {
  int top = 0, left = 0, bottom = 0, right = 0;

  constexpr Padding() = default;
  constexpr Padding(int all)  // NOLINT(google-explicit-constructor): most are the same all round
      : top(all), left(all), bottom(all), right(all) {}
  constexpr Padding(int top_, int left_, int bottom_, int right_)
      : top(top_), left(left_), bottom(bottom_), right(right_) {}

  bool operator==(const Padding&) const = default;
  [[nodiscard]] constexpr bool even() const { return top == left && top == bottom && top == right; }
};

}  // namespace octet
