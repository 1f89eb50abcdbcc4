#include "train/quantize/raw_pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "media/image/image_io.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

ModelInfo pose_network() {
  ModelInfo info;
  info.task = Task::kRaw;
  info.pose_head = PoseHead{.keypoints = 1, .margin = 1.5};
  return info;
}

// A data set of two parts with two images each. A label is a box of 40 pixels and, where there are
// keypoints, one of them.
class RawPicturesOf : public testing::Test {
 protected:
  RawPicturesOf() {
    for (const char* part : {"train", "val"}) {
      for (const char* kind : {"images", "labels"}) make_folder(folder_ / kind / part);
      for (const char* name : {"a.jpg", "b.jpg"})
        write_jpeg(folder_ / "images" / part / name, grey(), 90);
    }
  }
  static Image grey() {
    return {.width = 100, .height = 80, .rgb = std::vector<uint8_t>(100 * 80 * 3, 128)};
  }
  void describe(const std::string& more) {
    write_text_file(folder_ / "people.yaml",
                    "train: images/train\nval: images/val\n" + more + "\n");
  }
  void label(const std::string& part, const std::string& lines) {
    write_text_file(folder_ / "labels" / part / "a.txt", lines);
  }
  RawPictures read(const ModelInfo& info = pose_network()) {
    const std::string file = folder_.path().string();
    return raw_pictures(read_raw_data(file, false), file, info, false);
  }

  TemporaryFolder folder_;
};

TEST_F(RawPicturesOf, PersonsWithKeypointsAreInBothParts) {
  describe("names: [person]\nkpt_shape: [1, 3]");
  label("train", "0 .5 .5 .4 .5 .5 .5 2\n0 .3 .5 .4 .5 .5 .5 1\n");
  EXPECT_THAT(error_of([&] { (void)read(); }), HasSubstr(": val: no image has a label"));
  label("val", "0 .5 .5 .4 .5 0 0 0\n");
  EXPECT_THAT(error_of([&] { (void)read(); }), HasSubstr(": val: no person with keypoints"));
  label("val", "0 .5 .5 .4 .5 .5 .5 2\n");
  const RawPictures pictures = read();
  ASSERT_EQ(pictures.training.size(), 2U);
  ASSERT_EQ(pictures.judging.size(), 1U);
  const PixelBox box = pictures.judging[0].person.value();
  EXPECT_NEAR(box.x1, 30, 1e-3);
  EXPECT_NEAR(box.y2, 60, 1e-3);
  EXPECT_EQ(pictures.judging[0].margin, 1.5);
}

TEST_F(RawPicturesOf, BoxesOfPersonsAreEnough) {
  describe("names: [dog, person]");
  for (const char* part : {"train", "val"})
    label(part, "1 .5 .5 .4 .5\n0 .3 .5 .4 .5\n1 .4 .5 .4 .5\n");
  const RawPictures pictures = read();
  EXPECT_EQ(pictures.training.size(), 2U) << "the dog is no person";
  EXPECT_TRUE(pictures.judging.at(0).person);
  describe("names: [dog, cat]");
  EXPECT_EQ(read().training.size(), 2U) << "whole images";
  EXPECT_FALSE(read().judging.at(0).person);
  EXPECT_EQ(read().judging.at(0).border, Border::kBlack);
}

TEST_F(RawPicturesOf, WithoutLabelsImagesAreWhole) {
  describe("names: [person]");
  EXPECT_EQ(read().training.at(0).border, Border::kBlack);
  EXPECT_EQ(read(ModelInfo{}).training.at(0).border, Border::kGrey);
  label("train", "0 .5 .5 .4 .5\n");
  EXPECT_THAT(error_of([&] { (void)read(); }), HasSubstr(": val: no image has a label"));
  EXPECT_EQ(read(ModelInfo{}).judging.size(), 2U) << "other networks need none";
}

TEST_F(RawPicturesOf, WhatCannotBeReadIsCounted) {
  describe("names: [person]\nkpt_shape: [1, 3]");
  for (const char* part : {"train", "val"}) label(part, "0 .5 .5 .4 .5 .5 .5 2\n");
  write_text_file(folder_ / "images/train/b.jpg", "no picture");
  write_text_file(folder_ / "labels/val/b.txt", "7 .5 .5 .4 .5 .5 .5 2\n");
  EXPECT_EQ(read().skipped, 2);
}

}  // namespace
}  // namespace octet
