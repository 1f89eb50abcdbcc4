// Labels and data.yaml as people write them: what is taken, what is said, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr LabelFormat kDetect{.classes = 3};

std::string* heard = nullptr;

// A folder with pictures "images/NAME.jpg", whose labels are given.
class Labelled : public ::testing::Test {
 protected:
  Labelled() {
    heard = &said_;
    set_log_sink([](LogLevel, const char*, const std::string& text) { *heard += text + "\n"; });
    make_folder(folder_ / "images");
    make_folder(folder_ / "labels");
    write_text_file(folder_ / "data.yaml", "names: [x, y]\nval: images\n");
  }
  ~Labelled() override { set_log_sink(nullptr); }

  void add(const std::string& name, const std::string& labels) {
    write_text_file(folder_ / ("images/" + name + ".jpg"), "");
    write_text_file(folder_ / ("labels/" + name + ".txt"), labels);
  }
  Dataset read(bool strict = false) {
    return read_dataset(folder_ / "data.yaml", {.strict = strict});
  }
  std::string refusal(const std::string& yaml) {
    write_text_file(folder_ / "data.yaml", yaml);
    return error_of([&] { (void)read(); });
  }

  TemporaryFolder folder_;
  std::string said_;
};

TEST_F(Labelled, WhatIsTakenOtherwiseIsSaidOnce) {
  add("a", "0 .5 .5 .2 .2\n0 .5 .5 .2 .2\n1 .5 .5 0 .2\n");
  add("b", "0 .1 .1 .3 .1 .3 .3\n0 .1 .1 .3 .1 .3 .3\n");
  const Dataset data = read();
  EXPECT_EQ(data.samples.at(0).objects.size(), 2U);
  EXPECT_EQ(data.samples.at(1).objects.size(), 1U);
  EXPECT_THAT(said_, HasSubstr("val: 2 labels left out (the same is there already); 2 polygons "
                               "taken as boxes; 1 label without a size"));
  EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << said_;
}

TEST_F(Labelled, PicturesWithWrongLabelsAreLeftOutCountedAndNamed) {
  add("good", "0 .5 .5 .2 .2\n");
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    add(name, "0 .5 .5 .2 .2\n7 .5 .5 .2 .2\n");
  const Dataset data = read();
  EXPECT_EQ(data.samples.size(), 1U);
  EXPECT_EQ(data.skipped, 6);
  EXPECT_THAT(said_, HasSubstr("6 images left out (wrong labels): "));
  EXPECT_THAT(said_, HasSubstr("e.txt: line 2: class 7"));
  EXPECT_THAT(said_, testing::Not(HasSubstr("f.txt")));
  EXPECT_THAT(error_of([&] { (void)read(true); }), HasSubstr("6 label files are wrong"));
}

TEST_F(Labelled, NothingUsableIsAnError) {
  add("a", "7 .5 .5 .2 .2\n");
  EXPECT_THAT(error_of([&] { (void)read(); }), HasSubstr("a.txt: line 1: class 7"));
}

TEST_F(Labelled, PicturesWithoutLabelsAreNothingToMeasure) {
  add("a", "");
  const Dataset data = read();
  EXPECT_EQ(data.samples.size(), 1U);
  EXPECT_THAT(error_of([&] { require_labels(data, "set: val"); }),
              HasSubstr("set: val: no image has a label"));
}

TEST_F(Labelled, KeypointsWithoutALabelAreNothingToMeasure) {
  Dataset data;
  data.samples.resize(1);
  TruthObject& object = data.samples[0].objects.emplace_back();
  const auto refusal = [&] { return error_of([&] { require_keypoints(data, "set: val"); }); };
  EXPECT_EQ(refusal(), "") << "it has no keypoints";
  data.keypoints = 1;
  object.keypoints = {{.x = 0.5, .y = 0.5, .visibility = 0}};
  EXPECT_THAT(refusal(), HasSubstr("set: val: no object has a labelled keypoint"));
  object.keypoints[0].visibility = 1;
  EXPECT_EQ(refusal(), "");
  object.labelled_keypoints = 0;
  EXPECT_THAT(refusal(), HasSubstr("set: val")) << "as the metric counts";
  object.labelled_keypoints = TruthObject::kCounted;
  object.crowd = true;
  EXPECT_THAT(refusal(), HasSubstr("set: val"));
}

TEST_F(Labelled, ImagesOfBothPartsAreCounted) {
  for (const char* name : {"a", "b", "c"}) add(name, "0 .5 .5 .2 .2\n");
  const auto read_with = [&](const std::string& list) {
    said_.clear();
    write_text_file(folder_ / "train.txt", list);
    write_text_file(folder_ / "data.yaml", "names: [x, y]\ntrain: train.txt\nval: images\n");
    (void)read_parts(folder_ / "data.yaml", false);
  };
  read_with("images/a.jpg\nimages/../images/b.jpg\n");
  EXPECT_THAT(said_, HasSubstr("data.yaml: 2 of the 3 images of val are in train as well"));
  write_text_file(folder_ / "d.jpg", "");
  read_with("d.jpg\n");
  EXPECT_EQ(said_, "");
}

TEST_F(Labelled, FlipIndexNamesEachKeypointOnce) {
  add("a", "0 .5 .5 .2 .2 0 0 0 0 0 0 0 0 0\n");
  const std::string yaml = "names: [x]\nval: images\nkpt_shape: [3, 3]\n";
  for (const char* wrong : {"[1, 3, 2]", "[1, 0]", "[[0, 1], [2]]", "[0, 1, 1]", "[0, 2, -1]", "3",
                            "{0: 1, 1: 0, 2: 2}", "[0, 1, x]", "[0, 1, 2, 3]"}) {
    EXPECT_THAT(refusal(yaml + "flip_idx: " + wrong + "\n"),
                HasSubstr("data.yaml: line 4: 'flip_idx' has to list each of 0 to 2 once"))
        << wrong;
  }
  EXPECT_EQ(refusal(yaml + "flip_idx: [1, 0, 2]\n"), "");
  EXPECT_EQ(read().flip_index, (std::vector<int>{1, 0, 2}));
  for (const char* none : {"[]", "", "~"}) {
    EXPECT_EQ(refusal(yaml + "flip_idx: " + none + "\n"), "") << none;
    EXPECT_TRUE(read().flip_index.empty());
  }
}

TEST_F(Labelled, CountAndNamesHaveToAgree) {
  add("a", "0 .5 .5 .2 .2\n");
  EXPECT_THAT(refusal("nc: 4\nnames: [x, y, z]\nval: images\n"),
              HasSubstr("data.yaml: line 1: 'nc' is 4, but 'names' has 3: x, y, z"));
  EXPECT_THAT(refusal("nc: 0\nval: images\n"), HasSubstr("'nc' is 0"));
  EXPECT_EQ(refusal("nc: 2\nval: images\n"), "");
  EXPECT_EQ(read().names, (std::vector<std::string>{"class_0", "class_1"}));
}

TEST_F(Labelled, OtherEncodingsAreSaid) {
  add("a", "0 .5 .5 .2 .2\n");
  EXPECT_THAT(refusal("val: images\nnames: [\xBA\xEC\xCF\xB8, b]\n"),
              HasSubstr("data.yaml: line 2: is not UTF-8"));
  EXPECT_EQ(refusal("names: [\xE7\xBA\xA2, b]\nval: images\n"), "");
  const std::string ascii = "names: [a]\nval: images\n";
  std::string wide = "\xFF\xFE";  // as some editors of Windows do
  for (const char c : ascii) wide += {c, '\0'};
  EXPECT_EQ(refusal(wide), "");
  EXPECT_EQ(read().names, std::vector<std::string>{"a"});
}

// Of names that are not UTF-8, as disks have them.
TEST_F(Labelled, FileNamesMayBeAnyBytes) {
  add("\xBA\xEC", "0 .5 .5 .2 .2\n");
  EXPECT_EQ(read().samples.at(0).objects.size(), 1U);
}

TEST_F(Labelled, FolderWithOneFileIsThatDataset) {
  add("a", "0 .5 .5 .2 .2\n");
  EXPECT_EQ(read_dataset(folder_.path(), {}).samples.size(), 1U);
  fs::rename(folder_ / "data.yaml", folder_ / "cells.yml");
  EXPECT_EQ(read_dataset(folder_.path(), {}).samples.size(), 1U);
  write_text_file(folder_ / "other.yaml", "");
  EXPECT_THAT(error_of([&] { (void)read_dataset(folder_.path(), {}); }),
              HasSubstr("is a folder without a data.yaml"));
}

TEST(Labels, PolygonsAreTheBoxesAroundThem) {
  LabelNotes notes;
  const auto objects =
      parse_labels("1 .1 .2 .5 .1 .3 .6\n0 .5 .5 .2 .2\n", kDetect, "a.txt", &notes);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(notes.polygons, 1);
  EXPECT_EQ(objects[0].class_index, 1);
  EXPECT_NEAR(objects[0].box.x1, 0.1, 1e-9);
  EXPECT_NEAR(objects[0].box.y1, 0.1, 1e-9);
  EXPECT_NEAR(objects[0].box.x2, 0.5, 1e-9);
  EXPECT_NEAR(objects[0].box.y2, 0.6, 1e-9);
}

}  // namespace
}  // namespace octet
