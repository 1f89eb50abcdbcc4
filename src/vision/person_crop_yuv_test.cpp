// Frames of video are cropped as their RGB images are.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "vision/person_crop.h"
#include "vision/yuv_rows.h"

namespace octet {
namespace {

// A picture without edges, so that the place of a chroma sample decides little.
struct SmoothFrame {
  static constexpr int kWidth = 160, kHeight = 120;
  std::vector<uint8_t> y, u, v;

  SmoothFrame() {
    for (int row = 0; row < kHeight; ++row) {
      for (int x = 0; x < kWidth; ++x)
        y.push_back(static_cast<uint8_t>(120 + 80 * std::sin(x / 25.0) * std::cos(row / 20.0)));
    }
    for (int row = 0; row < kHeight / 2; ++row) {
      for (int x = 0; x < kWidth / 2; ++x) {
        u.push_back(static_cast<uint8_t>(100 + x / 2));
        v.push_back(static_cast<uint8_t>(160 - row / 2));
      }
    }
  }
  [[nodiscard]] YuvView view() const {
    return {.planes = {y.data(), u.data(), v.data()},
            .strides_bytes = {kWidth, kWidth / 2, kWidth / 2},
            .size = {kWidth, kHeight}};
  }
  // Each pixel with the chroma sample of its pair of columns and rows.
  [[nodiscard]] Image rgb() const {
    Image image{.width = kWidth, .height = kHeight, .rgb = {}};
    image.rgb.resize(y.size() * 3);
    std::vector<uint8_t> wide_u(kWidth), wide_v(kWidth);
    for (size_t row = 0; row < kHeight; ++row) {
      for (size_t x = 0; x < kWidth; ++x) {
        wide_u[x] = u[row / 2 * (kWidth / 2) + x / 2];
        wide_v[x] = v[row / 2 * (kWidth / 2) + x / 2];
      }
      yuv_row_to_rgb({&y[row * kWidth], wide_u.data(), wide_v.data()}, view(), kWidth,
                     &image.rgb[row * kWidth * 3]);
    }
    return image;
  }
};

void expect_equal_crops(const PixelBox& box) {
  const SmoothFrame frame;
  const Image image = frame.rgb();
  const Size input{64, 64};
  std::vector<uint8_t> of_rgb(64 * 64 * 3), of_yuv(64 * 64 * 3, 77);
  PersonCrop a(input, 1.25), b(input, 1.25);
  a.run(view(image), box, of_rgb.data());
  b.run(frame.view(), box, of_yuv.data());
  EXPECT_EQ(a.geometry().scale, b.geometry().scale);
  EXPECT_EQ(a.geometry().offset_x, b.geometry().offset_x);
  int worst = 0;
  for (size_t i = 0; i < of_rgb.size(); ++i)
    worst = std::max(worst, std::abs(of_rgb[i] - of_yuv[i]));
  EXPECT_LE(worst, 4);
}

TEST(PersonCropYuv, IsTheCropOfTheRgbImage) {
  expect_equal_crops({40, 20, 90, 100});
  expect_equal_crops({70, 50, 80, 60});
}

TEST(PersonCropYuv, IsBlackOutside) {
  const SmoothFrame frame;
  std::vector<uint8_t> out(64 * 64 * 3, 77);
  PersonCrop crop({64, 64}, 1.25);
  crop.run(frame.view(), {-200, -200, -100, -100}, out.data());
  EXPECT_EQ(out, std::vector<uint8_t>(out.size(), 0));
  crop.run(frame.view(), {0, 0, 160, 120}, out.data());  // bands above and below
  EXPECT_EQ(std::vector<uint8_t>(out.begin(), out.begin() + 64 * 3), std::vector<uint8_t>(64 * 3));
  EXPECT_GT(out[(32 * 64 + 32) * 3], 0);
}

}  // namespace
}  // namespace octet
