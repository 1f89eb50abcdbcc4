#include "core/size.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"

namespace octet {
namespace {

int parse_side(std::string_view text, std::string_view whole, int multiple) {
  int side = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
  if (error != std::errc() || end != text.data() + text.size() || side <= 0) {
    fail_usage("--imgsz {}: expected a side such as 640, or width x height such as 640x384", whole);
  }
  if (side % multiple != 0 || side > kMaxInputSide) {
    const int nearest =
        std::clamp((side + multiple / 2) / multiple * multiple, multiple, kMaxInputSide);
    fail_usage("--imgsz {}: {} is not a multiple of {} up to {}; try {}", whole, side, multiple,
               kMaxInputSide, nearest);
  }
  return side;
}

}  // namespace

SizeOption SizeOption::parse(std::string_view text, int multiple) {
  const size_t cross = text.find('x');
  if (cross == std::string_view::npos) {
    const int side = parse_side(text, text, multiple);
    return {.size = {side, side}, .exact = false};
  }
  return {.size = {parse_side(text.substr(0, cross), text, multiple),
                   parse_side(text.substr(cross + 1), text, multiple)},
          .exact = true};
}

int input_side(int64_t pixels) {
  if (pixels < 1 || pixels > kMaxInputSide) return 0;
  return static_cast<int>((pixels + kInputMultiple - 1) / kInputMultiple * kInputMultiple);
}

Size fitting_rectangle(int side, Size source) {
  const double scale = static_cast<double>(side) / std::max(source.width, source.height);
  const auto fit = [&](int pixels) {
    const int scaled = static_cast<int>(std::lround(pixels * scale));
    return std::clamp((scaled + kInputMultiple - 1) / kInputMultiple * kInputMultiple,
                      kInputMultiple, side);
  };
  return {fit(source.width), fit(source.height)};
}

std::string to_string(Size size) { return fmt::format("{}x{}", size.width, size.height); }

}  // namespace octet
