#include "vision/person_crop.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace octet {
namespace {

constexpr int kWeightBits = 11;
constexpr int kOne = 1 << kWeightBits;
constexpr double kFarthest = 1e6;

double in_reach(float v) {
  return std::isnan(v) ? 0 : std::clamp(static_cast<double>(v), -kFarthest, kFarthest);
}

}  // namespace

PersonCropGeometry person_crop_geometry(const PixelBox& box, Size input, double margin) {
  const double x1 = in_reach(box.x1), y1 = in_reach(box.y1);
  const double x2 = in_reach(box.x2), y2 = in_reach(box.y2);
  const double width = std::max(x2 - x1, 1.0);
  const double height = std::max(y2 - y1, 1.0);
  PersonCropGeometry g{.input = input};
  g.scale = std::min(input.width / (margin * width), input.height / (margin * height));
  g.offset_x = (input.width - 1) / 2.0 - g.scale * (x1 + x2) / 2;
  g.offset_y = (input.height - 1) / 2.0 - g.scale * (y1 + y2) / 2;
  return g;
}

PixelBox box_of_whole_picture(Size picture, double margin) {
  const auto half = [&](int side) { return static_cast<float>(side / margin / 2); };
  const float x = static_cast<float>(picture.width - 1) / 2;
  const float y = static_cast<float>(picture.height - 1) / 2;
  return {.x1 = x - half(picture.width),
          .y1 = y - half(picture.height),
          .x2 = x + half(picture.width),
          .y2 = y + half(picture.height)};
}

PersonCrop::PersonCrop(Size input, double margin)
    : margin_(margin),
      geometry_{.input = input},
      x_(static_cast<size_t>(input.width)),
      y_(static_cast<size_t>(input.height)) {}

void PersonCrop::make_taps(double offset, double scale, int samples, std::vector<Tap>& taps) {
  for (size_t i = 0; i < taps.size(); ++i) {
    // Positions farther out have no weight either.
    const double at = std::clamp((static_cast<double>(i) - offset) / scale, -2.0, samples + 1.0);
    const double floor = std::floor(at);
    const int first = static_cast<int>(floor);
    const int share = static_cast<int>(std::lround((at - floor) * kOne));
    const auto inside = [&](int sample) { return sample >= 0 && sample < samples; };
    taps[i] = {.first = std::clamp(first, 0, samples - 1),
               .second = std::clamp(first + 1, 0, samples - 1),
               .first_weight = inside(first) ? kOne - share : 0,
               .second_weight = inside(first + 1) ? share : 0};
  }
}

void PersonCrop::run(const RgbView& picture, const PixelBox& box, uint8_t* out) {
  geometry_ = person_crop_geometry(box, geometry_.input, margin_);
  if (picture.size.width < 1 || picture.size.height < 1) {
    std::memset(out, 0, x_.size() * y_.size() * 3);
    return;
  }
  make_taps(geometry_.offset_x, geometry_.scale, picture.size.width, x_);
  make_taps(geometry_.offset_y, geometry_.scale, picture.size.height, y_);
  constexpr int kHalf = 1 << (2 * kWeightBits - 1);
  for (const Tap& y : y_) {
    const uint8_t* upper = picture.data + y.first * picture.stride_bytes;
    const uint8_t* lower = picture.data + y.second * picture.stride_bytes;
    for (const Tap& x : x_) {
      const std::ptrdiff_t left = std::ptrdiff_t{x.first} * 3;
      const std::ptrdiff_t right = std::ptrdiff_t{x.second} * 3;
      for (int c = 0; c < 3; ++c) {
        const int above = upper[left + c] * x.first_weight + upper[right + c] * x.second_weight;
        const int below = lower[left + c] * x.first_weight + lower[right + c] * x.second_weight;
        *out++ = static_cast<uint8_t>((above * y.first_weight + below * y.second_weight + kHalf) >>
                                      (2 * kWeightBits));
      }
    }
  }
}

}  // namespace octet
