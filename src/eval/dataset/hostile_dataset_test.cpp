// Data sets that nobody in good faith wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset_readers.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;
using nlohmann::json;

// A data set of one picture, whose val is the folder "images".
class HostileDataset : public ::testing::Test {
 protected:
  HostileDataset() {
    make_folder(folder_ / "images");
    make_folder(folder_ / "labels");
    write_text_file(folder_ / "images/a.jpg", "");
    write_text_file(folder_ / "data.yaml", "names: [x]\nval: images\n");
  }
  std::string message() const {
    return error_of([&] { (void)read_dataset(folder_ / "data.yaml", {}); });
  }
  TemporaryFolder folder_;
};

TEST_F(HostileDataset, FoldersLinkedToThemselvesAreEnteredOnce) {
  fs::create_directory_symlink(".", folder_ / "images/self");
  fs::create_directory_symlink("..", folder_ / "images/up");
  fs::create_directory_symlink("../images", folder_ / "images/again");
  EXPECT_EQ(read_dataset(folder_ / "data.yaml", {}).samples.size(), 1U);
}

TEST_F(HostileDataset, EntriesNamedTwiceAreReadOnce) {
  std::string entries = "images";
  for (int i = 0; i < 1000; ++i) entries += ", ./images";
  write_text_file(folder_ / "data.yaml", "names: [x]\nval: [" + entries + "]\n");
  EXPECT_EQ(read_dataset(folder_ / "data.yaml", {}).samples.size(), 1U);
}

TEST_F(HostileDataset, LabelsAreRegularFiles) {
  ASSERT_EQ(::mkfifo((folder_ / "labels/a.txt").c_str(), 0600), 0);
  EXPECT_THAT(message(), HasSubstr("a.txt: is not a regular file"));
  fs::remove(folder_ / "labels/a.txt");
  make_folder(folder_ / "labels/a.txt");
  EXPECT_THAT(message(), HasSubstr("a.txt: is a folder"));
}

TEST_F(HostileDataset, LabelsAreBounded) {
  std::string lines;
  for (int i = 0; i < 100'001; ++i) lines += "0 .5 .5 1 1\n";
  write_text_file(folder_ / "labels/a.txt", lines);
  EXPECT_THAT(message(), HasSubstr("a.txt: has more than 100000 lines"));
  write_text_file(folder_ / "labels/a.txt", std::string(300'000, '0'));
  EXPECT_THAT(message(), HasSubstr("a.txt: line 1: has 300000 bytes"));
  write_text_file(folder_ / "labels/a.txt", std::string(17U << 20, '\n'));
  EXPECT_THAT(message(), HasSubstr("a.txt: has 17825792 bytes"));
}

// A megabyte of labels, and links to it: objects of gigabytes.
TEST_F(HostileDataset, OneLabelFileUnderManyNamesIsBounded) {
  std::string lines;
  for (int i = 100'000; i < 150'000; ++i) lines += fmt::format("0 .5 .5 .1 .{}\n", i);
  write_text_file(folder_ / "labels/a.txt", lines);
  EXPECT_EQ(message(), "");
  for (int i = 0; i < 100; ++i) {
    write_text_file(folder_ / fmt::format("images/{}.jpg", i), "");
    fs::create_symlink("a.txt", folder_ / fmt::format("labels/{}.txt", i));
  }
  EXPECT_THAT(message(), HasSubstr("data.yaml: val: reading it would take more than"));
}

// ---- COCO JSON

struct Annotated {
  Dataset data;
  std::string said;
};

std::string* heard = nullptr;

// With one picture of 100 × 100, number 1, and the category 7.
Annotated annotated(const json& annotations, const json& more_images = json::array()) {
  json images{{{"id", 1}, {"file_name", "1.jpg"}, {"width", 100}, {"height", 100}}};
  for (const json& image : more_images) images.push_back(image);
  const json root{{"images", images},
                  {"categories", {{{"id", 7}, {"name", "cat"}}}},
                  {"annotations", annotations}};
  Annotated out;
  heard = &out.said;
  set_log_sink([](LogLevel, const char*, const std::string& text) { *heard += text + "\n"; });
  out.data = parse_coco_dataset(root.dump(), "c.json", {.images = "/none"});
  set_log_sink(nullptr);
  return out;
}

json object(const json& box, const json& id = 1) {
  return {{"id", id}, {"image_id", 1}, {"category_id", 7}, {"bbox", box}};
}

TEST(HostileCoco, BoxesThatAreNoneAreLeftOutAndCounted) {
  for (const json& box : {json{1, 2, -3, 4}, json{1, 2, 3, -4}, json{1e308, 2, 3, 4},
                          json{1, 2, 1e308, 4}, json{-1e308, 2, 3, 4}}) {
    const Annotated a = annotated({object(box), object({1, 2, 3, 4}, 2)});
    EXPECT_EQ(a.data.samples.at(0).objects.size(), 1U) << box;
    EXPECT_THAT(a.said, HasSubstr("c.json: 1 of its entries have a box with")) << box;
  }
  for (const json& box : {json{200, 2, 3, 4}, json{1, 100, 3, 4}, json{-10, 2, 3, 4}}) {
    const Annotated a = annotated(json::array({object(box)}));
    EXPECT_TRUE(a.data.samples.at(0).objects.empty()) << box;
    EXPECT_THAT(a.said, HasSubstr("lie outside their image")) << box;
  }
  json area = object({1, 2, 3, 4});
  area["area"] = -1;
  EXPECT_THAT(annotated(json::array({area})).said, HasSubstr("have a box with"));
}

TEST(HostileCoco, SoundBoxesStay) {
  const Annotated a =
      annotated({object({90, 90, 20, 20}, 1), object({0, 0, 0, 0}, 2), object({-1, -1, 5, 5}, 3)});
  EXPECT_EQ(a.data.samples.at(0).objects.size(), 3U) << "they reach into the picture";
  EXPECT_EQ(a.said, "");
}

TEST(HostileCoco, WhatIsThereTwiceCountsOnce) {
  const Annotated a = annotated({object({1, 2, 3, 4}), object({1, 2, 3, 4})},
                                {{{"id", 1}, {"file_name", "2.jpg"}}});
  EXPECT_EQ(a.data.samples.size(), 1U);
  EXPECT_EQ(a.data.samples.at(0).objects.size(), 1U);
  EXPECT_THAT(a.said, HasSubstr("2 of its entries are there twice"));
  // Ids that were given carelessly are no reason.
  EXPECT_EQ(annotated({object({1, 2, 3, 4}), object({2, 2, 3, 4})}).data.samples[0].objects.size(),
            2U);
}

TEST(HostileCoco, IdsAreWholeNumbers) {
  const Annotated a = annotated({object({1, 2, 3, 4}, 1e308), object({1, 2, 3, 4}, 1.5),
                                 object({1, 2, 3, 4}, std::numeric_limits<uint64_t>::max())},
                                {{{"id", 2.5}, {"file_name", "2.jpg"}}});
  EXPECT_EQ(a.data.samples.size(), 1U);
  EXPECT_TRUE(a.data.samples.at(0).objects.empty());
  EXPECT_THAT(a.said, HasSubstr("4 of its entries have an id that is not a whole number"));
}

TEST(HostileCoco, KeypointsAreNumbers) {
  json bad = object({1, 2, 3, 4});
  bad["keypoints"] = {1, 1, 1e300};
  json good = object({1, 2, 3, 4}, 2);
  good["keypoints"] = {1, 1, 2};
  const Annotated a = annotated({bad, good});
  EXPECT_EQ(a.data.samples.at(0).objects.size(), 1U);
  EXPECT_THAT(a.said, HasSubstr("keypoints"));
}

}  // namespace
}  // namespace octet
