#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "model/known_keypoints.h"
#include "testing/testing.h"
#include "vision/decode.h"
#include "vision/detections_json.h"
#include "vision/draw/draw.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

using testing::HasSubstr;

std::vector<Port> ports(const std::vector<std::string>& names, const std::vector<Shape>& shapes) {
  std::vector<Port> list;
  for (size_t i = 0; i < shapes.size(); ++i)
    list.push_back({.name = i < names.size() ? names[i] : "", .shape = shapes[i]});
  return list;
}

Image noise(Size size, unsigned seed) {
  std::mt19937 random(seed);
  Image image{.width = size.width, .height = size.height, .rgb = {}};
  for (int i = 0; i < size.width * size.height * 3; ++i)
    image.rgb.push_back(static_cast<uint8_t>(random()));
  return image;
}

// Bilinear with half-pixel centres in double precision, the definition.
double bilinear(const Image& image, double x, double y, int channel) {
  const auto at = [&](int px, int py) {
    px = std::clamp(px, 0, image.width - 1);
    py = std::clamp(py, 0, image.height - 1);
    return static_cast<double>(
        image.rgb[(static_cast<size_t>(py) * image.width + px) * 3 + channel]);
  };
  const int x0 = static_cast<int>(std::floor(x));
  const int y0 = static_cast<int>(std::floor(y));
  const double fx = x - x0;
  const double fy = y - y0;
  return (at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) +
         (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy;
}

void check_rgb(Size source, Size input) {
  const Image image = noise(source, 3);
  Letterbox letterbox(source, input);
  std::vector<uint8_t> out(static_cast<size_t>(input.width) * input.height * 3, 1);
  letterbox.run(view(image), out.data());
  const LetterboxGeometry& g = letterbox.geometry();
  double worst = 0;
  for (int y = 0; y < input.height; ++y) {
    for (int x = 0; x < input.width; ++x) {
      const int cx = x - g.left;
      const int cy = y - g.top;
      const bool inside = cx >= 0 && cy >= 0 && cx < g.content.width && cy < g.content.height;
      for (int c = 0; c < 3; ++c) {
        const double sx = (cx + 0.5) * source.width / g.content.width - 0.5;
        const double sy = (cy + 0.5) * source.height / g.content.height - 0.5;
        const double expected = inside ? bilinear(image, sx, sy, c) : 114;
        worst = std::max(
            worst, std::fabs(expected - out[(static_cast<size_t>(y) * input.width + x) * 3 + c]));
      }
    }
  }
  EXPECT_LT(worst, 1.1) << to_string(source) << " to "
                        << to_string(input);  // 8-bit rounding, 11-bit weights
}

TEST(Letterbox, RgbIsBilinear) {
  check_rgb({64, 48}, {64, 64});
  check_rgb({77, 33}, {64, 64});
  check_rgb({31, 97}, {96, 64});
  check_rgb({1, 1}, {32, 32});
  check_rgb({500, 3}, {64, 32});
  check_rgb({333, 217}, {64, 96});
}

TEST(Letterbox, GeometryCentresAndInverts) {
  const LetterboxGeometry g = letterbox_geometry({768, 432}, {640, 640});
  EXPECT_EQ(g.content, (Size{640, 360}));
  EXPECT_EQ(g.top, 140);
  EXPECT_EQ(g.left, 0);
  EXPECT_FLOAT_EQ(g.to_source_x(640), 768);
  EXPECT_FLOAT_EQ(g.to_source_y(140), 0);
}

// YUV made from a smooth picture comes out as that picture, whatever the stride and odd sizes.
void check_yuv(Size source, Size input, int extra_stride, bool bt709, bool full) {
  const double kr = bt709 ? 0.2126 : 0.299;
  const double kb = bt709 ? 0.0722 : 0.114;
  const auto colour = [&](double x, double y) {
    return std::array{60 + 120 * x / source.width, 80 + 90 * y / source.height,
                      200 - 100 * x / source.width};
  };
  const auto sample = [&](double x, double y, int plane) {
    const auto [r, g, b] = colour(x, y);
    const double luma = kr * r + (1 - kr - kb) * g + kb * b;
    if (plane == 0) return full ? luma : 16 + luma * 219 / 255;
    const double chroma = plane == 1 ? (b - luma) / (2 * (1 - kb)) : (r - luma) / (2 * (1 - kr));
    return 128 + (full ? chroma : chroma * 224 / 255);
  };
  std::vector<uint8_t> planes[3];
  YuvView yuv{.size = source, .bt709 = bt709, .full_range = full};
  for (int p = 0; p < 3; ++p) {
    const int w = p == 0 ? source.width : (source.width + 1) / 2;
    const int h = p == 0 ? source.height : (source.height + 1) / 2;
    planes[p].assign(static_cast<size_t>(w + extra_stride) * h, 0);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        const double value = p == 0 ? sample(x, y, 0) : sample(2 * x, 2 * y + 0.5, p);
        planes[p][static_cast<size_t>(y) * (w + extra_stride) + x] =
            static_cast<uint8_t>(std::lround(value));
      }
    }
    yuv.planes[p] = planes[p].data();
    yuv.strides_bytes[p] = w + extra_stride;
  }
  Letterbox letterbox(source, input);
  std::vector<uint8_t> out(static_cast<size_t>(input.width) * input.height * 3);
  letterbox.run(yuv, out.data());
  const LetterboxGeometry& g = letterbox.geometry();
  double worst = 0;
  for (int y = 2; y < g.content.height - 2; ++y) {
    for (int x = 2; x < g.content.width - 2; ++x) {
      const auto expected = colour((x + 0.5) * source.width / g.content.width - 0.5,
                                   (y + 0.5) * source.height / g.content.height - 0.5);
      const uint8_t* got = &out[(static_cast<size_t>(y + g.top) * input.width + x + g.left) * 3];
      for (int c = 0; c < 3; ++c) worst = std::max(worst, std::fabs(expected[c] - got[c]));
    }
  }
  EXPECT_LT(worst, 3.5) << to_string(source) << " bt709 " << bt709 << " full "
                        << full;  // rounding of Y, U and V, times up to 2.1
}

TEST(Letterbox, YuvEqualsTheColour) {
  for (const bool bt709 : {false, true}) {
    for (const bool full : {false, true}) check_yuv({192, 108}, {160, 96}, 0, bt709, full);
  }
  check_yuv({191, 107}, {160, 96}, 13, false, false);
  check_yuv({65, 131}, {160, 160}, 1, false,
            false);  // chroma has half the resolution: large enough to be smooth
}

// ---- decoding

ModelInfo small_info() {
  ModelInfo info;
  info.names = {"a", "b"};
  info.head.strides = {8};
  for (int i = 0; i < 16; ++i) info.head.bins.push_back(static_cast<float>(i));
  return info;
}

// A head's outputs for a 64 × 32 input at stride 8, all quiet (logit −9) but for what a test sets.
struct Head {
  static constexpr int kWidth = 8, kHeight = 4, kCells = kWidth * kHeight;
  std::vector<float> box = std::vector<float>(64 * kCells, 0.0F);
  std::vector<float> cls = std::vector<float>(2 * kCells, -9.0F);

  // Distances of whole bins: that bin's logit is far above the others.
  void object(int x, int y, int class_index, float logit, std::array<int, 4> sides) {
    const int cell = y * kWidth + x;
    cls[static_cast<size_t>(class_index) * kCells + cell] = logit;
    for (int s = 0; s < 4; ++s) box[static_cast<size_t>(s * 16 + sides[s]) * kCells + cell] = 40.0F;
  }
  std::vector<TensorView> views() {
    return {{.data = box.data(), .shape = {1, 64, kHeight, kWidth}},
            {.data = cls.data(), .shape = {1, 2, kHeight, kWidth}}};
  }
};

// `names`: of the outputs that `views` are.
Detections decode(const ModelInfo& info, const std::vector<std::string>& names,
                  const std::vector<TensorView>& views, Voting voting,
                  const DecodeOptions& options = {}, Size source = {64, 32}) {
  std::vector<Shape> shapes;
  for (const TensorView& view : views) shapes.push_back(view.shape);
  Decoder decoder({info, Layout::kRaw, {64, 32}, ports(names, shapes)}, voting);
  Detections out;
  decoder.decode(views, letterbox_geometry(source, {64, 32}), options, out);
  return out;
}

Detections decode(Head& head, const DecodeOptions& options, Size source = {64, 32},
                  Voting voting = Voting::kNone) {
  return decode(small_info(), {"box_8", "class_8"}, head.views(), voting, options, source);
}

TEST(Decode, BoxInSourcePixels) {
  Head head;
  head.object(3, 1, 1, 2.0F, {1, 1, 2, 1});
  const Detections found = decode(head, {}, {128, 64});  // the source is twice the input
  ASSERT_EQ(found.items.size(), 1U);
  const Detection& d = found.items[0];
  EXPECT_EQ(d.class_index, 1);
  EXPECT_NEAR(d.confidence, 1 / (1 + std::exp(-2.0)), 1e-6);
  // cell centre (3.5, 1.5) strides, in pixels of the source: 16 a stride
  EXPECT_NEAR(d.box.x1, 2.5 * 16, 1e-3);
  EXPECT_NEAR(d.box.y1, 0.5 * 16, 1e-3);
  EXPECT_NEAR(d.box.x2, 5.5 * 16, 1e-3);
  EXPECT_NEAR(d.box.y2, 2.5 * 16, 1e-3);
}

TEST(Decode, SuppressesWithinAClassOnly) {
  Head head;
  head.object(3, 1, 0, 2.0F, {2, 1, 2, 1});
  head.object(4, 1, 0, 1.0F, {3, 1, 1, 1});  // the same box, weaker
  head.object(3, 2, 1, 0.5F, {2, 2, 2, 0});  // the same place, another class
  const Detections found = decode(head, {});
  ASSERT_EQ(found.items.size(), 2U);
  EXPECT_EQ(found.items[0].class_index, 0);
  EXPECT_EQ(found.items[1].class_index, 1);
  EXPECT_EQ(decode(head, {.iou_threshold = 1.0F}).items.size(), 3U);
  EXPECT_EQ(decode(head, {.max_detections = 1}).items.size(), 1U);
}

TEST(Decode, MultiLabelCountsEveryClass) {
  Head head;
  head.object(3, 1, 0, 2.0F, {1, 1, 1, 1});
  head.object(3, 1, 1, 1.0F, {1, 1, 1, 1});
  EXPECT_EQ(decode(head, {}).items.size(), 1U);
  EXPECT_EQ(decode(head, {.multi_label = true}).items.size(), 2U);
}

TEST(Decode, OfEqualScoresTheCellInTheMiddleOfItsBoxGoesFirst) {
  Head head;
  head.object(2, 1, 0, 2.0F, {1, 1, 3, 1});
  head.object(3, 1, 0, 2.0F, {2, 1, 2, 2});  // a step lower at the bottom, and only half a step off
  const Detections found = decode(head, {.iou_threshold = 0.5F});
  ASSERT_EQ(found.items.size(), 1U);
  EXPECT_NEAR(found.items[0].box.y2, (1.5 + 2) * 8, 1e-3);
}

// Three cells see one object, the third 8 pixels larger at the right: IoU 5/6 with the best.
TEST(Decode, VotersMakeTheMeanWeightedByTheirScores) {
  Head head;
  head.object(3, 1, 0, 2.0F, {2, 1, 3, 2});
  head.object(4, 1, 0, 1.0F, {3, 1, 2, 2});
  head.object(2, 1, 0, 0.0F, {1, 1, 5, 2});
  head.object(2, 2, 1, 3.0F, {1, 2, 4, 1});  // another class has no vote
  const Detections best = decode(head, {}, {64, 32});
  const Detections mean = decode(head, {}, {64, 32}, Voting::kMean);
  ASSERT_EQ(best.items.size(), 2U);
  ASSERT_EQ(mean.items.size(), 2U);
  EXPECT_NEAR(best.items[1].box.x2, 6.5 * 8, 1e-3);
  const auto p = [](double logit) { return 1 / (1 + std::exp(-logit)); };
  const double x2 = (6.5 * (p(2) + p(1)) + 7.5 * p(0)) / (p(2) + p(1) + p(0));
  EXPECT_NEAR(mean.items[1].box.x2, x2 * 8, 1e-3);
  EXPECT_NEAR(mean.items[1].box.x1, 1.5 * 8, 1e-3);
  EXPECT_EQ(mean.items[1].confidence, best.items[1].confidence);
  EXPECT_EQ(mean.items[0].box.x2, best.items[0].box.x2);
}

TEST(Decode, VotersMakeTheMeanOfKeypoints) {
  ModelInfo info = small_info();
  info.task = Task::kPose;
  info.head.keypoints = 1;
  info.head.keypoint_dims = 3;
  Head head;
  head.object(3, 1, 0, 1.0F, {2, 1, 3, 2});
  head.object(4, 1, 0, 1.0F, {3, 1, 2, 2});
  constexpr size_t kFirst = Head::kWidth + 3, kSecond = kFirst + 1;
  std::vector<float> points(size_t{2} * Head::kCells), visible(Head::kCells);
  points[kFirst] = 0.5F;                   // x = (2 · 0.5 + 3) · 8
  points[kSecond] = 0.25F;                 // x = (2 · 0.25 + 4) · 8
  points[Head::kCells + kSecond] = -0.5F;  // y = 0, of the first 8
  visible[kFirst] = 2.0F;
  std::vector<TensorView> views = head.views();
  views.push_back({.data = points.data(), .shape = {1, 2, Head::kHeight, Head::kWidth}});
  views.push_back({.data = visible.data(), .shape = {1, 1, Head::kHeight, Head::kWidth}});
  const Detections out =
      decode(info, {"box_8", "class_8", "keypoint_8", "visibility_8"}, views, Voting::kMean);
  ASSERT_EQ(out.keypoints.size(), 1U);
  EXPECT_NEAR(out.keypoints[0].x, 34, 1e-4);
  EXPECT_NEAR(out.keypoints[0].y, 4, 1e-4);
  EXPECT_NEAR(out.keypoints[0].confidence, (1 / (1 + std::exp(-2.0)) + 0.5) / 2, 1e-6);
}

// What is suppressed, but not nearly the same box, has no vote.
TEST(Decode, OnlyNearlyTheSameBoxVotes) {
  Head head;
  head.object(3, 1, 0, 2.0F, {2, 1, 3, 2});
  head.object(4, 1, 0, 1.0F, {3, 1, 4, 2});  // IoU 5/7
  const Detections mean = decode(head, {}, {64, 32}, Voting::kMean);
  ASSERT_EQ(mean.items.size(), 1U);
  EXPECT_NEAR(mean.items[0].box.x2, 6.5 * 8, 1e-3);
}

// Keypoint 0 of cell (3, 1), once plain and twice fine; keypoint 1 stays at its cell.
TEST(Decode, FineKeypointsAreAveraged) {
  ModelInfo info = small_info();
  info.task = Task::kPose;
  info.head.keypoints = 2;
  info.head.keypoint_dims = 2;
  Head head;
  head.object(3, 1, 0, 2.0F, {1, 1, 1, 1});
  constexpr size_t kAt = Head::kWidth + 3;
  std::vector<float> plain(size_t{4} * Head::kCells), fine(size_t{8} * Head::kCells);
  plain[kAt] = 0.5F;                     // x
  plain[Head::kCells + kAt] = -0.25F;    // y
  fine[kAt] = 0.25F;                     // x, lower
  fine[4 * Head::kCells + kAt] = 0.45F;  // x, higher
  fine[5 * Head::kCells + kAt] = 0.25F;  // y, higher
  std::vector<std::string> names{"box_8", "class_8", "keypoint_8", "fine_keypoint_8"};
  std::vector<TensorView> views = head.views();
  views.push_back({.data = plain.data(), .shape = {1, 4, Head::kHeight, Head::kWidth}});
  views.push_back({.data = fine.data(), .shape = {1, 8, Head::kHeight, Head::kWidth}});
  const auto first_keypoints = [&] { return decode(info, names, views, Voting::kNone).keypoints; };
  const auto averaged = first_keypoints();
  ASSERT_EQ(averaged.size(), 2U);
  EXPECT_NEAR(averaged[0].x, (2 * 0.4 + 3) * 8, 1e-4);
  EXPECT_NEAR(averaged[0].y, 8, 1e-4);
  EXPECT_NEAR(averaged[1].x, 3 * 8, 1e-4);
  names.pop_back(), views.pop_back();  // as float models are
  EXPECT_NEAR(first_keypoints()[0].x, (2 * 0.5 + 3) * 8, 1e-4);
}

// Rows of corners, confidence and class, as exports with NMS have them.
Detections decode_rows(const ModelInfo& info, std::vector<float> rows, int64_t columns,
                       bool fractions) {
  const Shape shape{1, static_cast<int64_t>(rows.size()) / columns, columns};
  Decoder decoder({info, Layout::kDetections, {64, 32}, ports({"output0"}, {shape}), fractions},
                  Voting::kNone);
  Detections out;
  decoder.decode(std::vector<TensorView>{{.data = rows.data(), .shape = shape}},
                 letterbox_geometry({128, 64}, {64, 32}), {}, out);
  return out;
}

TEST(Decode, RowsOfAnExportWithNmsAreTakenAsTheyAre) {
  const float nan = std::nanf("");
  const Detections found =
      decode_rows(small_info(), {1,   2, 11, 12, 0.5F, 1,    // a detection
                                 1,   2, 11, 12, 0.9F, 1,    // the same box: it stays
                                 1,   2, 11, 12, 0.1F, 0,    // too weak
                                 1,   2, 11, 12, 0.9F, 2,    // no such class
                                 1,   2, 11, 12, 0.9F, -1,   //
                                 1,   2, 11, 12, 0.9F, nan,  //
                                 1,   2, 11, 12, nan,  0,    //
                                 nan, 2, 11, 12, 0.9F, 0,    //
                                 0,   0, 0,  0,  0,    0},
                  6, false);
  ASSERT_EQ(found.items.size(), 2U);
  EXPECT_FLOAT_EQ(found.items[0].confidence, 0.9F);
  EXPECT_FLOAT_EQ(found.items[1].confidence, 0.5F);
  EXPECT_EQ(found.items[1].class_index, 1);
  EXPECT_FLOAT_EQ(found.items[1].box.x1, 2);  // the source is twice the input
  EXPECT_FLOAT_EQ(found.items[1].box.y2, 24);
}

TEST(Decode, RowsMayBeFractionsOfTheInputAndHaveKeypoints) {
  ModelInfo info = small_info();
  info.task = Task::kPose;
  info.head.keypoints = 1;
  info.head.keypoint_dims = 3;
  const Detections found =
      decode_rows(info, {0.25F, 0.25F, 0.5F, 0.5F, 0.5F, 0, 0.5F, 0.25F, 0.75F}, 9, true);
  ASSERT_EQ(found.items.size(), 1U);
  EXPECT_FLOAT_EQ(found.items[0].box.x2, 64);
  EXPECT_FLOAT_EQ(found.items[0].box.y2, 32);
  ASSERT_EQ(found.keypoints.size(), 1U);
  EXPECT_FLOAT_EQ(found.keypoints[0].x, 64);
  EXPECT_FLOAT_EQ(found.keypoints[0].y, 16);
  EXPECT_FLOAT_EQ(found.keypoints[0].confidence, 0.75F);
}

TEST(Decode, NanIsNoDetection) {
  Head head;
  std::fill(head.cls.begin(), head.cls.end(), std::nanf(""));
  EXPECT_TRUE(decode(head, {}).items.empty());
  Head boxes;
  boxes.object(3, 1, 0, 2.0F, {1, 1, 1, 1});
  EXPECT_EQ(decode(boxes, {}).items.size(), 1U);
  std::fill(boxes.box.begin(), boxes.box.end(), std::nanf(""));
  EXPECT_TRUE(decode(boxes, {}).items.empty());
}

TEST(Decode, RefusesOutputsThatDoNotFit) {
  const std::vector<std::string> names{"box_8", "class_8"};
  const std::vector<Shape> wrong{{1, 64, 4, 8}, {1, 3, 4, 8}};
  EXPECT_THAT(error_of([&] {
                CheckedOutputs(small_info(), Layout::kRaw, {64, 32}, ports(names, wrong));
              }),
              HasSubstr("class_8"));
  const std::vector<std::string> missing{"box_8"};
  EXPECT_THAT(error_of([&] {
                CheckedOutputs(small_info(), Layout::kRaw, {64, 32}, ports(missing, wrong));
              }),
              HasSubstr("class_8"));
  const std::vector<Shape> with_nms{{1, 300, 6}};
  EXPECT_THAT(
      error_of([&] {
        CheckedOutputs(small_info(), Layout::kUltralytics, {64, 32}, ports(missing, with_nms));
      }),
      HasSubstr("(1, 300, 6) are not the (1, 6, cells)"));
  const std::vector<Shape> without_nms{{1, 6, 42}};
  EXPECT_THAT(
      error_of([&] {
        CheckedOutputs(small_info(), Layout::kDetections, {64, 32}, ports(missing, without_nms));
      }),
      HasSubstr("(1, detections, 6)"));
}

TEST(Draw, StaysInsideThePicture) {
  Image image = noise({40, 30}, 1);
  Detections d;
  d.keypoints_per_object = 17;
  d.items.push_back({.box = {-50, -50, 500, 500}, .class_index = 0, .confidence = 1});
  d.items.push_back({.box = {39, 29, 39, 29}, .class_index = 36, .confidence = 0.3F});
  for (int i = 0; i < 34; ++i)
    d.keypoints.push_back({static_cast<float>(i * 20 - 300), static_cast<float>(400 - i * 20), 1});
  const std::vector<std::string> names(37, "a name longer than the picture, \xc3\xa9");
  const auto before = image.rgb;
  draw_detections(image, d, names, usual_skeleton(17));
  EXPECT_NE(image.rgb, before);
}

int pixels_of(const Image& image, std::array<uint8_t, 3> colour) {
  int count = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    count += std::equal(colour.begin(), colour.end(),
                        image.rgb.begin() + static_cast<std::ptrdiff_t>(i));
  return count;
}

// Three objects one upon another: each label has its own place.
TEST(Draw, LabelsDoNotCoverEachOther) {
  constexpr std::array<std::array<uint8_t, 3>, 3> kColours{
      {{230, 57, 70}, {29, 150, 220}, {42, 157, 80}}};
  const std::vector<std::string> names{"first", "second", "third"};
  const PixelBox box{100, 0, 300, 200};
  Image all{.width = 400, .height = 300, .rgb = std::vector<uint8_t>(400 * 300 * 3)};
  const Image black = all;
  Detections together;
  std::array<int, 3> alone{};
  for (int c = 0; c < 3; ++c) {
    const Detection one{
        .box = box, .class_index = c, .confidence = 0.9F - 0.1F * static_cast<float>(c)};
    together.items.push_back(one);
    Image image = black;
    Detections single;
    single.items.push_back(one);
    draw_detections(image, single, names, {});
    alone.at(c) = pixels_of(image, kColours.at(c));
  }
  draw_detections(all, together, names, {});
  const int frame = 2 * (200 + 200) * 2;  // two pixels wide; frames do cover each other
  for (int c = 0; c < 3; ++c) {
    ASSERT_GT(alone.at(c), frame) << "the label can be seen";
    EXPECT_GE(pixels_of(all, kColours.at(c)), alone.at(c) - frame) << names[c];
  }
}

TEST(DetectionsJson, Schema) {
  Detections d;
  d.items.push_back({.box = {1, 2, 3.456F, 4}, .class_index = 0, .confidence = 0.5F});
  EXPECT_EQ(to_json(d, {"cat"}).dump(),
            R"([{"class":0,"name":"cat","confidence":0.5,"box":[1.0,2.0,3.46,4.0]}])");
}

}  // namespace
}  // namespace octet
