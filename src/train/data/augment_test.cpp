#include "train/data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "train/data/batch_loader.h"

namespace octet {
namespace {

// A picture whose only red pixels are those of its one object.
LabelledPicture red_box(Size size, TruthBox box) {
  LabelledPicture p{
      .image = {.width = size.width,
                .height = size.height,
                .rgb = std::vector<uint8_t>(static_cast<size_t>(size.width) * size.height * 3, 30)},
      .objects = {}};
  for (int y = static_cast<int>(box.y1); y < static_cast<int>(box.y2); ++y) {
    for (int x = static_cast<int>(box.x1); x < static_cast<int>(box.x2); ++x)
      p.image.rgb[(static_cast<size_t>(y) * size.width + x) * 3] = 250;
  }
  p.objects.push_back({.class_index = 0, .box = box, .box_area = 1});
  return p;
}

// The box around the red pixels.
TruthBox red_extent(const Image& image) {
  TruthBox box{1e9, 1e9, -1, -1};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* p = &image.rgb[(static_cast<size_t>(y) * image.width + x) * 3];
      if (p[0] < 180 || p[1] > 90) continue;
      box = {std::min<double>(box.x1, x), std::min<double>(box.y1, y),
             std::max<double>(box.x2, x + 1), std::max<double>(box.y2, y + 1)};
    }
  }
  return box;
}

void expect_label_on_object(const LabelledPicture& p, double tolerance) {
  ASSERT_EQ(p.objects.size(), 1U);
  const TruthBox seen = red_extent(p.image);
  const TruthBox& b = p.objects[0].box;
  EXPECT_NEAR(b.x1, seen.x1, tolerance);
  EXPECT_NEAR(b.y1, seen.y1, tolerance);
  EXPECT_NEAR(b.x2, seen.x2, tolerance);
  EXPECT_NEAR(b.y2, seen.y2, tolerance);
}

TEST(Augment, LabelsStayOnTheirObjects) {
  const LabelledPicture original = red_box({120, 90}, {40, 20, 90, 60});
  expect_label_on_object(scale_to_side(original, 160), 1.5);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    LabelledPicture p = scale_and_shift(original, 128, {}, random);
    expect_label_on_object(p, 2);
    mirror(p, {});
    expect_label_on_object(p, 2);
  }
}

TEST(Augment, MosaicKeepsLabels) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const LabelledPicture empty{.image = red_box({100, 80}, {0, 0, 0, 0}).image, .objects = {}};
    const LabelledPicture mosaic =
        make_mosaic({empty, red_box({100, 80}, {60, 5, 90, 35}), empty, empty}, 100, random);
    EXPECT_EQ(mosaic.image.size(), (Size{200, 200}));
    if (!mosaic.objects.empty()) expect_label_on_object(mosaic, 1);
  }
}

TEST(Augment, MirrorSwapsLeftAndRightKeypoints) {
  LabelledPicture p = red_box({100, 50}, {10, 10, 30, 30});
  p.objects[0].keypoints = {{12, 15, 2}, {28, 16, 1}};
  mirror(p, {1, 0});
  EXPECT_DOUBLE_EQ(p.objects[0].keypoints[0].x, 72);
  EXPECT_EQ(p.objects[0].keypoints[0].visibility, 1);
  EXPECT_DOUBLE_EQ(p.objects[0].keypoints[1].x, 88);
}

TEST(Augment, ColourKeepsGreyGrey) {
  Random random(3);
  Image image = red_box({8, 8}, {0, 0, 0, 0}).image;
  change_colour(image, {}, random);
  EXPECT_EQ(image.rgb[0], image.rgb[1]);
  EXPECT_EQ(image.rgb[1], image.rgb[2]);
}

TEST(Augment, MixupBlendsAndJoins) {
  Random random(4);
  LabelledPicture first = red_box({40, 40}, {5, 5, 20, 20});
  const LabelledPicture second = red_box({40, 40}, {20, 20, 35, 35});
  const uint8_t before = first.image.rgb[(10 * 40 + 10) * 3];
  const uint8_t other = second.image.rgb[(10 * 40 + 10) * 3];
  mix(first, second, random);
  EXPECT_EQ(first.objects.size(), 2U);
  EXPECT_NEAR(first.image.rgb[(10 * 40 + 10) * 3], (before + other) / 2.0,
              0.25 * std::abs(before - other));
}

TEST(BatchLoader, OneSeedOneSequence) {
  const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  LoaderOptions options{.side = 64, .batch = 5, .seed = 11, .augment = {.mixup = 0.5}};
  BatchLoader a(data, options);
  options.cache_gb = 0;  // read from the files every time: the same
  BatchLoader b(data, options);
  EXPECT_EQ(a.batches(), 3);
  int64_t pictures = 0;
  for (const bool mosaic : {true, false}) {
    a.begin_epoch(mosaic ? 0 : 1, mosaic);
    b.begin_epoch(mosaic ? 0 : 1, mosaic);
    for (auto batch = a.next(); batch; batch = a.next()) {
      const auto other = b.next();
      ASSERT_TRUE(other);
      EXPECT_TRUE(torch::equal(batch->image, other->image));
      EXPECT_TRUE(torch::equal(batch->targets.boxes, other->targets.boxes));
      pictures += batch->image.size(0);
    }
  }
  EXPECT_EQ(pictures, 24);
}

// A box around many objects is no object.
TEST(BatchLoader, CrowdsAreNoTargets) {
  Dataset data = evenly(read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {}), 1);
  data.keypoints = 1;
  TruthObject object{.class_index = 3, .box = {0.2, 0.2, 0.8, 0.8}, .keypoints = {{0.5, 0.5, 2}}};
  data.samples[0].objects = {object, object};
  data.samples[0].objects[0].crowd = true;
  data.samples[0].objects[0].class_index = 2;
  BatchLoader loader(data, {.side = 64, .batch = 1, .augment = AugmentOptions::none()});
  loader.begin_epoch(0, false);
  const Targets targets = loader.next()->targets;
  ASSERT_EQ(targets.cls.size(0), 1);
  EXPECT_EQ(targets.cls[0].item<int64_t>(), 3);
  EXPECT_EQ(targets.boxes.size(0), 1);
  EXPECT_EQ(targets.keypoints.size(0), 1);
}

}  // namespace
}  // namespace octet
