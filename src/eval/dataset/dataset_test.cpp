#include "eval/dataset/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "eval/dataset/dataset_readers.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr LabelFormat kDetect{.classes = 3};
constexpr LabelFormat kPose{.classes = 1, .keypoints = 2, .keypoint_dims = 3};

TEST(Labels, Parse) {
  const auto objects = parse_labels("2 0.5 0.25 0.5 0.1\r\n\n0\t0.5 0.5  1 1", kDetect, "a.txt");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].class_index, 2);
  EXPECT_DOUBLE_EQ(objects[0].box.x1, 0.25);
  EXPECT_DOUBLE_EQ(objects[0].box.y2, 0.3);
  EXPECT_DOUBLE_EQ(objects[0].keypoint_area, 0.53 * 0.05);
  const auto pose = parse_labels("0 0.5 0.5 1 1 0.1 0.2 2 0 0 0", kPose, "a.txt");
  ASSERT_EQ(pose[0].keypoints.size(), 2U);
  EXPECT_EQ(pose[0].keypoints[0].visibility, 2);
  EXPECT_TRUE(parse_labels("", kDetect, "a.txt").empty());
}

TEST(Labels, SayFileLineAndReason) {
  const auto message = [](const std::string& text, const LabelFormat& format) {
    return error_of([&] { (void)parse_labels(text, format, "a.txt"); });
  };
  EXPECT_THAT(message("0 .5 .5 1 1\n7 .5 .5 1 1", kDetect), HasSubstr("a.txt: line 2: class 7"));
  EXPECT_THAT(message("-1 .5 .5 1 1", kDetect), HasSubstr("class -1"));
  EXPECT_THAT(message("0.5 .5 .5 1 1", kDetect), HasSubstr("class 0.5"));
  EXPECT_THAT(message("0 .5 .5 1", kDetect), HasSubstr("4 numbers; 5"));
  EXPECT_THAT(message("0 .5 .5 1 1", kPose), HasSubstr("5 numbers; 11"));
  EXPECT_THAT(message("0 1.5 .5 .1 .1", kDetect), HasSubstr("outside the image"));
  EXPECT_THAT(message("0 320 240 64 64", kDetect), HasSubstr("outside the image"));
  EXPECT_THAT(message("0 .5 .5 -0.1 .1", kDetect), HasSubstr("outside the image"));
  EXPECT_THAT(message("0 .5 .5 1 1 1.2 .2 2 0 0 0", kPose), HasSubstr("keypoint 0 (1.2, 0.2)"));
  EXPECT_THAT(message("0 .5 .5 1 1 .2 .2 -1 0 0 0", kPose), HasSubstr("visibility -1"));
  EXPECT_THAT(message("0 nan .5 .1 .1", kDetect), HasSubstr("not a number"));
  EXPECT_THAT(message("0 0x1 .5 .1 .1", kDetect), HasSubstr("not a number"));
}

TEST(LabelPath, ReplacesTheLastImagesFolder) {
  EXPECT_EQ(label_path("/d/images/x/images/val/a.jpg"), "/d/images/x/labels/val/a.txt");
  EXPECT_EQ(label_path("/d/images/a.png"), "/d/labels/a.txt");
  EXPECT_EQ(label_path("images/a.png"), "labels/a.txt");
  EXPECT_EQ(label_path("/d/pictures/a.jpg"), "/d/pictures/a.txt");
}

TEST(YoloDataset, FoldersListsAndLists) {
  const TemporaryFolder folder;
  for (const char* name :
       {"images/a/1.jpg", "images/a/2.jpg", "images/b/3.png", "labels/a/1.txt", "labels/b/3.txt"}) {
    make_folder((folder / name).parent_path());
    write_text_file(folder / name, fs::path(name).extension() == ".txt" ? "1 .5 .5 .1 .1\n" : "");
  }
  write_text_file(folder / "list.txt", "images/b/3.png\n./images/a/2.jpg\r\n");
  const auto read = [&](const std::string& yaml) {
    write_text_file(folder / "data.yaml", yaml);
    return read_dataset(folder / "data.yaml", {});
  };
  EXPECT_EQ(read("names: [a, b]\nval: images\n").samples.size(), 3U);
  EXPECT_EQ(read("names: {0: a, 1: b}\npath: .\nval: list.txt\n").samples.size(), 2U);
  const Dataset both = read("names: {0: a, 1: b}\nval: [images/a, images/b]\n");
  EXPECT_EQ(both.samples.size(), 3U);
  EXPECT_EQ(both.samples[0].objects.size(), 1U);
  EXPECT_EQ(both.samples[1].objects.size(), 0U);  // a picture without labels is background
  EXPECT_EQ(
      read("names: [a, b]\npath: " + (folder / "images").string() + "\nval: a\n").samples.size(),
      2U);
  for (const char* wrong : {"names: [a]\nval: nowhere\n", "val: images\n", "names: [a, b]\n",
                            "names: {0: a, 2: b}\nval: images\n", "[", "names: 3\nval: images\n",
                            "names: [a, b]\nkpt_shape: [0, 9]\nval: images\n"}) {
    EXPECT_THAT(error_of([&] { (void)read(wrong); }), HasSubstr("data.yaml")) << wrong;
  }
  (void)read("names: [a]\nval: images\n");
  EXPECT_THAT(error_of([&] { (void)read_dataset(folder / "data.yaml", {.strict = true}); }),
              HasSubstr("1.txt: line 1: class 1"));
}

TEST(CocoDataset, MapsCategoriesByName) {
  const TemporaryFolder folder;
  make_folder(folder / "images");
  write_text_file(folder / "images/1.jpg", "");
  const nlohmann::json j{
      {"images", {{{"id", 9}, {"file_name", "1.jpg"}}}},
      {"categories", {{{"id", 3}, {"name", "dog"}}, {{"id", 90}, {"name", "cat"}}}},
      {"annotations",
       {{{"image_id", 9},
         {"category_id", 90},
         {"bbox", {1, 2, 3, 4}},
         {"area", 5.5},
         {"iscrowd", 1}},
        {{"image_id", 9}, {"category_id", 3}, {"bbox", {1, 2, 3, 4}}}}}};
  write_text_file(folder / "c.json", j.dump());
  const Dataset data = read_dataset(folder / "c.json", {.model_names = {"cat", "bird", "dog"}});
  ASSERT_EQ(data.samples.size(), 1U);
  EXPECT_EQ(data.samples[0].image, folder / "images/1.jpg");
  ASSERT_EQ(data.samples[0].objects.size(), 2U);
  EXPECT_EQ(data.samples[0].objects[0].class_index, 0);
  EXPECT_TRUE(data.samples[0].objects[0].crowd);
  EXPECT_DOUBLE_EQ(data.samples[0].objects[0].box_area, 5.5);
  EXPECT_EQ(data.samples[0].objects[1].class_index, 2);
  EXPECT_DOUBLE_EQ(data.samples[0].objects[1].keypoint_area, 0.53 * 12);
  write_text_file(folder / "bad.json", "{\"images\": 3}");
  EXPECT_THAT(error_of([&] { (void)read_dataset(folder / "bad.json", {}); }),
              HasSubstr("bad.json"));
}

// Neither the order in the file nor an entry that is left out gives a class another's name.
TEST(CocoDataset, NamesAreInTheOrderOfTheIds) {
  const nlohmann::json j{
      {"images", {{{"id", 1}, {"file_name", "1.jpg"}}}},
      {"categories",
       {{{"id", 1.5}, {"name", "none"}},
        {{"id", 7}, {"name", "dog"}},
        {{"id", 7}, {"name", "twice"}},
        {{"id", 2}, {"name", "cat"}}}},
      {"annotations", {{{"image_id", 1}, {"category_id", 7}, {"bbox", {1, 2, 3, 4}}}}}};
  const Dataset data = parse_coco_dataset(j.dump(), "c.json", {.images = "/none"});
  EXPECT_EQ(data.names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.samples.at(0).objects.at(0).class_index, 1);
}

TEST(Dataset, ClassesInAnotherOrderAreRefused) {
  const Dataset data{.names = {"a", "b", "c"}};
  const auto refusal = [&](const std::vector<std::string>& model) {
    return error_of([&] { require_class_order(data, model, "x.yaml"); });
  };
  EXPECT_THAT(refusal({"a", "c", "b"}), HasSubstr("x.yaml: has the model's classes in another "
                                                  "order: class 1 is b here, and c in the model"));
  EXPECT_EQ(refusal({"a", "b", "c"}), "");
  EXPECT_EQ(refusal({"a", "B", "c"}), "") << "another spelling";
  EXPECT_EQ(refusal({"a", "b"}), "");
}

// A COCO JSON has no parts: none of its images is in both.
TEST(CocoDataset, EveryTenthImageIsForValidation) {
  const TemporaryFolder folder;
  nlohmann::json j{{"images", nlohmann::json::array()},
                   {"categories", {{{"id", 1}, {"name", "cat"}}}},
                   {"annotations", nlohmann::json::array()}};
  for (int i = 0; i < 21; ++i) {
    j["images"].push_back({{"id", i}, {"file_name", std::to_string(i) + ".jpg"}});
    j["annotations"].push_back({{"image_id", i}, {"category_id", 1}, {"bbox", {i, 2, 3, 4}}});
  }
  write_text_file(folder / "0.jpg", "");
  write_text_file(folder / "c.json", j.dump());
  const DatasetParts parts = read_parts(folder / "c.json", false);
  EXPECT_EQ(parts.training.samples.size(), 18U);
  ASSERT_EQ(parts.validation.samples.size(), 3U);
  EXPECT_EQ(parts.validation.samples[1].image, folder / "10.jpg");
  EXPECT_DOUBLE_EQ(parts.validation.samples[1].objects.at(0).box.x1, 10);
  EXPECT_EQ(parts.training.names, std::vector<std::string>{"cat"});
  const DatasetParts matched = read_parts(folder / "c.json", false, {"dog", "cat"});
  EXPECT_EQ(matched.validation.samples[1].objects.at(0).class_index, 1) << "by name";
  EXPECT_EQ(read_dataset(folder / "c.json", {}).samples.size(), 21U) << "to evaluate alone";
  j["images"].erase(j["images"].begin() + 1, j["images"].end());
  write_text_file(folder / "one.json", j.dump());
  EXPECT_THAT(error_of([&] { (void)read_parts(folder / "one.json", false); }),
              HasSubstr("one.json: has one image"));
}

TEST(Dataset, AFolderWithAYamlFileIsNoFolderOfImages) {
  const TemporaryFolder folder;
  write_text_file(folder / "1.jpg", "");
  EXPECT_TRUE(is_image_folder(folder.path()));
  write_text_file(folder / "cells.yml", "");
  EXPECT_FALSE(is_image_folder(folder.path()));
  EXPECT_FALSE(is_image_folder(folder / "cells.yml"));
  EXPECT_FALSE(is_image_folder(folder / "nowhere"));
}

TEST(YoloDataset, NamesEverythingThatIsWrong) {
  const TemporaryFolder folder;
  make_folder(folder / "images");
  make_folder(folder / "labels");
  for (const char* stem : {"a", "b", "c"}) {
    write_text_file(folder / "images" / (std::string(stem) + ".jpg"), "");
    write_text_file(folder / "labels" / (std::string(stem) + ".txt"),
                    stem[0] == 'b' ? "0 0.5 0.5 0.1 0.1\n" : "7 0.5 0.5 0.1 0.1\n");
  }
  write_text_file(folder / "data.yaml", "names: [x]\nval: images\n");
  const std::string message =
      error_of([&] { (void)read_dataset(folder / "data.yaml", {.strict = true}); });
  EXPECT_THAT(message, HasSubstr("2 label files are wrong")) << message;
  EXPECT_THAT(message, HasSubstr("a.txt: line 1")) << message;
  EXPECT_THAT(message, HasSubstr("c.txt: line 1")) << message;
}

}  // namespace
}  // namespace octet
