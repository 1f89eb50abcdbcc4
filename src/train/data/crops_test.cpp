#include "train/data/crops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>

#include "core/error.h"
#include "core/process.h"
#include "media/image/image_io.h"
#include "testing/testing.h"

namespace octet {
namespace {

const std::filesystem::path kPictures = OCTET_SOURCE_DIR "/samples/coco/images/val";

// Red rises along x, green along y: their values say where a pixel comes from.
std::filesystem::path write_slopes(const TemporaryFolder& folder) {
  Image image{.width = 200, .height = 100, .rgb = {}};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x)
      image.rgb.insert(image.rgb.end(), {static_cast<uint8_t>(x), static_cast<uint8_t>(y), 128});
  }
  const std::filesystem::path file = folder / "slopes.jpg";
  write_jpeg(file, image, 100);
  return file;
}

int at(const torch::Tensor& bytes, int64_t channel, int64_t y, int64_t x) {
  return bytes[0][channel][y][x].item<int>();
}

// A box of 40 × 20 around (100, 50) in a square of twice its longer side, 80 pixels seen as 40.
TEST(Crops, APersonIsInTheMiddle) {
  const TemporaryFolder folder;
  const PictureCrop crop{
      .image = write_slopes(folder), .person = PixelBox{80, 40, 120, 60}, .margin = 2};
  const torch::Tensor bytes = read_crops(std::span(&crop, 1), {40, 40});
  ASSERT_EQ(bytes.sizes(), (std::vector<int64_t>{1, 3, 40, 40}));
  for (const auto& [y, x] : {std::pair{10, 10}, {20, 30}, {35, 5}}) {
    EXPECT_NEAR(at(bytes, 0, y, x), 100 + 2 * (x - 19.5), 3);
    EXPECT_NEAR(at(bytes, 1, y, x), 50 + 2 * (y - 19.5), 3);
  }
}

TEST(Crops, BeyondThePictureIsBlack) {
  const TemporaryFolder folder;
  const PictureCrop crop{
      .image = write_slopes(folder), .person = PixelBox{180, 40, 220, 60}, .margin = 2};
  const torch::Tensor bytes = read_crops(std::span(&crop, 1), {40, 40});
  EXPECT_EQ(at(bytes, 2, 20, 30), 0);
  EXPECT_NEAR(at(bytes, 2, 20, 5), 128, 2);
}

TEST(Crops, AWholePictureIsLetterboxed) {
  const TemporaryFolder folder;
  const PictureCrop crop{.image = write_slopes(folder)};
  const torch::Tensor bytes = read_crops(std::span(&crop, 1), {100, 100});
  EXPECT_EQ(at(bytes, 0, 10, 50), 114);
  EXPECT_NEAR(at(bytes, 0, 50, 50), 101, 3);
}

// As 'detect' shows a picture to a network for one person.
TEST(Crops, AWholePictureIsOnePersonOnBlack) {
  const TemporaryFolder folder;
  Dataset data;
  data.samples = {{.image = write_slopes(folder)}};
  const auto crops = whole_pictures(data, Border::kBlack);
  ASSERT_EQ(crops.size(), 1U);
  EXPECT_FALSE(crops[0].person);
  const torch::Tensor bytes = read_crops(crops, {100, 100});
  EXPECT_EQ(at(bytes, 2, 10, 50), 0);
  EXPECT_NEAR(at(bytes, 0, 50, 50), 101, 3);
  CropLoader loader(crops, {.input = {100, 100}, .augment = AugmentOptions::none()});
  loader.begin_epoch(0);
  EXPECT_LE((loader.next()->to(torch::kInt) - bytes.to(torch::kInt)).abs().max().item<int>(), 1);
}

TEST(Crops, ReadingCanBeStopped) {
  const TemporaryFolder folder;
  Dataset data;
  data.samples = {{.image = write_slopes(folder)}};
  const auto crops = whole_pictures(data);
  static std::atomic<bool> stop = true;
  set_stop_flag(stop);
  const std::string messages[] = {error_of([&] { (void)person_crops(data, 1); }), error_of([&] {
                                    (void)read_crops(crops, {32, 32});
                                  }),
                                  error_of([&] {
                                    (void)CropLoader(crops, {.input = {32, 32}, .augment = {}});
                                  })};
  static const std::atomic<bool> never = false;
  set_stop_flag(never);
  for (const std::string& message : messages)
    EXPECT_THAT(message, testing::HasSubstr("interrupted while reading images"));
}

// Two runs see the same, another epoch or seed sees others.
TEST(CropLoader, DependsOnSeedAndEpochAlone) {
  Dataset data;
  for (const auto& file : list_images(kPictures.string())) data.samples.push_back({.image = file});
  const auto epoch = [&](uint64_t seed, int64_t number) {
    CropLoader loader(
        whole_pictures(data),
        {.input = {32, 64}, .batch = 5, .seed = seed, .augment = {}, .rotate_degrees = 10});
    loader.begin_epoch(number);
    std::vector<torch::Tensor> all;
    while (auto batch = loader.next()) all.push_back(*batch);
    EXPECT_EQ(all.size(), 3U);
    return torch::cat(all);
  };
  const torch::Tensor first = epoch(1, 0);
  EXPECT_EQ(first.sizes(), (std::vector<int64_t>{12, 3, 64, 32}));
  EXPECT_TRUE(first.equal(epoch(1, 0)));
  EXPECT_FALSE(first.equal(epoch(1, 1)));
  EXPECT_FALSE(first.equal(epoch(2, 0)));
}

// Without any change a batch holds the crops as they are.
TEST(CropLoader, WithoutChangesItGivesTheCrops) {
  const TemporaryFolder folder;
  const PictureCrop crop{
      .image = write_slopes(folder), .person = PixelBox{80, 40, 120, 60}, .margin = 2};
  CropLoader loader({crop}, {.input = {40, 40}, .augment = AugmentOptions::none()});
  loader.begin_epoch(0);
  const auto batch = loader.next();
  ASSERT_TRUE(batch);
  const auto difference =
      (batch->to(torch::kInt) - read_crops(std::span(&crop, 1), {40, 40}).to(torch::kInt)).abs();
  EXPECT_LE(difference.max().item<int>(), 1);
}

TEST(Crops, PersonsThatSayNothingAreLeftOut) {
  Dataset data;
  data.keypoints = 1;
  Sample sample{.image = list_images(kPictures.string()).front()};
  const auto person = [](double side, int visibility) {
    TruthObject o{.box = {0, 0, side, side}};
    o.keypoints = {{.x = 1, .y = 1, .visibility = visibility}};
    return o;
  };
  sample.objects = {person(31, 2), person(40, 0), person(33, 1)};
  data.samples = {sample};
  const auto crops = person_crops(data, 1.25);
  ASSERT_EQ(crops.size(), 1U);
  EXPECT_EQ(crops[0].person->x2, 33);
  EXPECT_EQ(crops[0].margin, 1.25);
  data.keypoints = 0;  // boxes alone: their size counts
  for (TruthObject& o : data.samples[0].objects) o.keypoints.clear();
  EXPECT_EQ(person_crops(data, 1.25).size(), 2U);
}

}  // namespace
}  // namespace octet
