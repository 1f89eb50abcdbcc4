#include "vision/person_crop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace octet {
namespace {

constexpr double kMargin = 1.25;

// (x · 37 + y · 53 + channel · 29 + 7 · x · y) mod 256.
Image pattern() {
  Image image{.width = 13, .height = 9, .rgb = {}};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c)
        image.rgb.push_back(static_cast<uint8_t>((x * 37 + y * 53 + c * 29 + x * y * 7) % 256));
    }
  }
  return image;
}

std::vector<int> crop(const Image& image, const PixelBox& box, Size input) {
  std::vector<uint8_t> out(static_cast<size_t>(input.width) * input.height * 3, 77);
  PersonCrop(input, kMargin).run(view(image), box, out.data());
  return {out.begin(), out.end()};
}

void expect_near(const std::vector<int>& found, const std::vector<int>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1) << "byte " << i;
}

// Expected values: cv2.warpAffine of OpenCV 5.0 with INTER_LINEAR, and
// [[a, 0, (W − 1) / 2 − a · cx], [0, a, (H − 1) / 2 − a · cy]], a = min(W / w, H / h) / 1.25.
TEST(PersonCrop, IsThatOfWarpAffine) {
  expect_near(crop(pattern(), {2, 1, 8, 7}, {4, 4}),
              {153, 182, 172, 186, 20, 49,  76,  105, 134, 122, 151, 171, 34,  63, 92,  143,
               172, 186, 237, 41,  70, 107, 136, 152, 162, 191, 175, 55,  84,  98, 175, 204,
               233, 69,  98,  114, 73, 102, 92,  180, 209, 40,  99,  128, 154, 86, 115, 105});
}

// The box is grown to the aspect of the input, and the picture is black outside.
TEST(PersonCrop, IsBlackOutsideThePicture) {
  expect_near(crop(pattern(), {-3, 2, 9, 14}, {3, 4}),
              {0, 0, 0, 148, 177, 206, 94, 124, 152, 0, 0, 0, 134, 163, 64, 128, 156, 186,
               0, 0, 0, 0,   0,   0,   0,  0,   0,   0, 0, 0, 0,   0,   0,  0,   0,   0});
}

TEST(PersonCrop, MapsBackIntoThePicture) {
  const PersonCropGeometry g = person_crop_geometry({100, 50, 140, 130}, {192, 192}, kMargin);
  EXPECT_DOUBLE_EQ(g.scale, 192 / (1.25 * 80));
  EXPECT_NEAR(g.to_source_x(95.5F), 120, 1e-4);
  EXPECT_NEAR(g.to_source_y(95.5F), 90, 1e-4);
  EXPECT_NEAR(g.to_source_x(95.5F + 96), 120 + 50, 1e-4);
  const PersonCropGeometry wide = person_crop_geometry({0, 0, 60, 20}, {192, 256}, kMargin);
  EXPECT_DOUBLE_EQ(wide.scale, 192 / (1.25 * 60));
}

TEST(PersonCrop, TheBoxOfAWholePictureJustHoldsIt) {
  const Size picture{640, 480};
  const PersonCropGeometry g =
      person_crop_geometry(box_of_whole_picture(picture, kMargin), {192, 192}, kMargin);
  EXPECT_NEAR(g.scale, 192.0 / 640, 1e-6);
  EXPECT_NEAR(g.to_source_x(-0.5F), -0.5, 1e-3);
  EXPECT_NEAR(g.to_source_x(191.5F), 639.5, 1e-3);
}

// Whatever the box: the crop is written in full, and its geometry is finite.
TEST(PersonCrop, TakesAnyBox) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kMost = std::numeric_limits<float>::max();
  const Image image = pattern();
  const Size input{8, 6};
  for (const PixelBox& box : std::vector<PixelBox>{{kNan, 0, 5, 5},
                                                   {kNan, kNan, kNan, kNan},
                                                   {5, 5, 5, 5},
                                                   {8, 8, 2, 2},
                                                   {-kMost, -kMost, kMost, kMost},
                                                   {kMost, kMost, kMost, kMost},
                                                   {-INFINITY, 0, INFINITY, 4},
                                                   {1e9F, 1e9F, 2e9F, 2e9F}}) {
    const PersonCropGeometry g = person_crop_geometry(box, input, kMargin);
    EXPECT_TRUE(std::isfinite(g.scale) && g.scale > 0);
    EXPECT_TRUE(std::isfinite(g.to_source_x(4)) && std::isfinite(g.to_source_y(4)));
    const std::vector<int> out = crop(image, box, input);
    if (!(box.x1 > 1e6F)) continue;  // NaN too
    EXPECT_EQ(std::count(out.begin(), out.end(), 0), static_cast<int64_t>(out.size()));
  }
  const std::vector<int> of_nothing = crop(Image{}, {0, 0, 5, 5}, input);
  EXPECT_EQ(std::count(of_nothing.begin(), of_nothing.end(), 0), 8 * 6 * 3);
}

}  // namespace
}  // namespace octet
