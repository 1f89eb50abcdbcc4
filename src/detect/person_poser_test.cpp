#include "detect/person_poser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "detect/test_pose_network.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

const DetectorOptions kPeople{.model = OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors",
                              .size = SizeOption{.size = {64, 64}}};

void paint(Image& image, int cx, int cy, int colour) {
  constexpr int kRadius = 12;
  for (int y = cy - kRadius; y <= cy + kRadius; ++y) {
    for (int x = cx - kRadius; x <= cx + kRadius; ++x)
      image.rgb[(static_cast<size_t>(y) * image.width + x) * 3 + colour] = 255;
  }
}

class PersonPosers : public testing::Test {
 protected:
  PersonPosers() { write_colour_pose_network(network_); }

  TemporaryFolder folder_;
  std::filesystem::path network_ = folder_ / "pose.safetensors";
  Detector detector_{kPeople};
};

// Far from the middle of the image, and partly outside of it: the keypoints are pixels of the image.
TEST_F(PersonPosers, FindKeypointsInPixelsOfTheImage) {
  PersonPoser poser(kPeople, network_, detector_);
  EXPECT_EQ(poser.keypoints(), 2);
  EXPECT_EQ(poser.skeleton(), (Skeleton{{0, 1}}));
  EXPECT_EQ(poser.person_class(), 0);
  Image image{.width = 1200, .height = 700, .rgb = std::vector<uint8_t>(1200 * 700 * 3)};
  paint(image, 1130, 560, 0);
  paint(image, 1075, 640, 1);
  Detections found;
  found.items = {{.box = {1050, 500, 1199, 699}, .class_index = 0, .confidence = 0.9F},
                 {.box = {100, 100, 120, 140}, .class_index = 0, .confidence = 0.9F},
                 {.box = {0, 0, 1200, 700}, .class_index = 2, .confidence = 0.9F}};
  poser.find_all(view(image), 1, found);
  ASSERT_EQ(found.keypoints_of(0).size(), 2);
  constexpr float kCell = 250.0F / 16;  // of the heat map, in the image
  EXPECT_NEAR(found.keypoints_of(0)[0].x, 1130, kCell);
  EXPECT_NEAR(found.keypoints_of(0)[0].y, 560, kCell);
  EXPECT_GT(found.keypoints_of(0)[0].confidence, 0.9F);
  EXPECT_NEAR(found.keypoints_of(0)[1].x, 1075, kCell);
  EXPECT_NEAR(found.keypoints_of(0)[1].y, 640, kCell);
  EXPECT_TRUE(found.keypoints_of(1).empty()) << "one person at most";
  EXPECT_TRUE(found.keypoints_of(2).empty()) << "no person";
  poser.find_all(view(image), 8, found);
  EXPECT_EQ(found.keypoints_of(1).size(), 2);
}

// A detector may take a coat for a person.
TEST_F(PersonPosers, AreAsSureOfKeypointsAsOfThePerson) {
  Image image{.width = 200, .height = 200, .rgb = std::vector<uint8_t>(200 * 200 * 3)};
  paint(image, 100, 100, 0);
  const auto confidence = [&](float logit) {
    write_model_file(network_, colour_pose_network_with_presence(logit), StorageKind::kF32);
    PersonPoser poser(kPeople, network_, detector_);
    std::vector<Keypoint> keypoints;
    (void)poser.find(view(image), {20, 20, 180, 180}, keypoints);
    return keypoints.at(0).confidence;
  };
  EXPECT_NEAR(confidence(0), 0.5, 0.01);
  EXPECT_LT(confidence(-6), 0.01);
  EXPECT_GT(confidence(6), 0.99);
}

TEST_F(PersonPosers, RefuseWhatIsNoPoseNetwork) {
  const auto error = [&](const std::filesystem::path& network) {
    return error_of([&] { PersonPoser(kPeople, network, detector_); });
  };
  EXPECT_THAT(error(kPeople.model), HasSubstr("is a YOLO model"));
  EXPECT_THAT(error(folder_ / "missing.onnx"), HasSubstr("missing.onnx"));
  Model headless = colour_pose_network();
  headless.info.pose_head.reset();
  write_model_file(folder_ / "raw.safetensors", headless, StorageKind::kF32);
  EXPECT_THAT(error(folder_ / "raw.safetensors"), HasSubstr("octet import --head"));
}

TEST_F(PersonPosers, AreNotForADetectorWithKeypoints) {
  DetectorOptions pose = kPeople;
  pose.model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";
  const Detector detector(pose);
  EXPECT_THAT(error_of([&] { PersonPoser(pose, network_, detector); }),
              HasSubstr("finds keypoints itself; leave --pose out"));
}

}  // namespace
}  // namespace octet
