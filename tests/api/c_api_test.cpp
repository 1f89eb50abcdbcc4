// The C interface gives what the C++ interface gives, and turns each Error into a code and a message.
#include <gmock/gmock.h>
#include <octet/c.h>

#include <memory>
#include <thread>

#include "api_testing.h"

namespace api_test {
namespace {

using testing::HasSubstr;

struct Close {
  void operator()(octet_detector* d) const { octet_detector_close(d); }
  void operator()(octet_detections* d) const { octet_detections_close(d); }
  void operator()(octet_image* i) const { octet_image_close(i); }
};
template <typename T>
using Handle = std::unique_ptr<T, Close>;

Handle<octet_detector> open(const fs::path& model, octet_detector_options options = {}) {
  octet_detector* detector = nullptr;
  EXPECT_EQ(octet_detector_open(model.c_str(), &options, &detector), OCTET_OK)
      << octet_last_error();
  return Handle<octet_detector>(detector);
}

// Bit for bit.
void expect_equal(const octet_detections* found, const octet::Detections& expected) {
  size_t count = 0, points = 0;
  const octet_detection* all = octet_detections_all(found, &count);
  const octet_keypoint* keypoint = octet_detections_keypoints(found, &points);
  const octet_keypoint* end = keypoint + points;
  ASSERT_EQ(count, expected.size());
  for (size_t i = 0; i < count; ++i) {
    const octet::Detection& e = expected[i];
    EXPECT_EQ(all[i].class_index, e.class_index);
    EXPECT_EQ(all[i].confidence, e.confidence);
    EXPECT_EQ(all[i].x1, e.box.x1);
    EXPECT_EQ(all[i].y1, e.box.y1);
    EXPECT_EQ(all[i].x2, e.box.x2);
    EXPECT_EQ(all[i].y2, e.box.y2);
    EXPECT_EQ(all[i].track, -1);
    for (const octet::Keypoint& k : e.keypoints) {
      EXPECT_EQ(keypoint->x, k.x);
      EXPECT_EQ(keypoint->y, k.y);
      EXPECT_EQ(keypoint++->confidence, k.confidence);
    }
  }
  EXPECT_EQ(keypoint, end);
}

void expect_same_as_cpp(const fs::path& model, int side, float confidence) {
  const auto detector = open(model, {.width = side, .height = side});
  const octet::Detector expected(model, {.size = {side, side}});
  const fs::path image = kImages / "000000000785.jpg";
  const octet_detect_options options{.confidence = confidence};
  octet_detections* found = nullptr;
  ASSERT_EQ(octet_detect_file(detector.get(), image.c_str(), &options, &found), OCTET_OK);
  const Handle<octet_detections> of_file(found);
  const octet::Detections boxes = expected.detect(image, {.confidence = confidence});
  EXPECT_FALSE(boxes.empty());
  expect_equal(found, boxes);

  octet_image* pixels = nullptr;
  ASSERT_EQ(octet_image_read(image.c_str(), &pixels), OCTET_OK);
  const Handle<octet_image> kept(pixels);
  const octet_view view = octet_image_view(pixels);
  ASSERT_EQ(octet_detect(detector.get(), &view, &options, &found), OCTET_OK);
  const Handle<octet_detections> of_pixels(found);
  expect_equal(found, boxes);

  EXPECT_EQ(static_cast<size_t>(octet_class_count(detector.get())),
            expected.info().class_names.size());
  EXPECT_EQ(octet_class_name(detector.get(), 0), expected.info().class_names[0]);
  EXPECT_EQ(octet_class_name(detector.get(), -1), nullptr);
  EXPECT_EQ(octet_class_name(detector.get(), octet_class_count(detector.get())), nullptr);
  EXPECT_EQ(octet_keypoint_count(detector.get()), expected.info().keypoints);
  EXPECT_EQ(octet_engine(detector.get()), expected.engine());
}

TEST(CInterface, BoxesAreThoseOfCpp) { expect_same_as_cpp(kInt8, 320, 0.25F); }

TEST(CInterface, KeypointsAreThoseOfCpp) { expect_same_as_cpp(kTinyPose, 64, 0.01F); }

TEST(CInterface, ErrorsAreCodesAndMessages) {
  octet_detector* detector = nullptr;
  EXPECT_EQ(octet_detector_open("missing.tflite", nullptr, &detector), OCTET_FAILED);
  EXPECT_EQ(detector, nullptr);
  EXPECT_THAT(octet_last_error(), HasSubstr("missing.tflite"));
  const octet_detector_options options{.width = 300, .height = 300};
  EXPECT_EQ(octet_detector_open(kTiny.c_str(), &options, &detector), OCTET_USAGE);
  EXPECT_THAT(octet_last_error(), HasSubstr("size 300x300"));
  EXPECT_EQ(octet_detector_open(nullptr, nullptr, &detector), OCTET_USAGE);
  EXPECT_EQ(octet_detector_open("x", nullptr, nullptr), OCTET_USAGE);
  const auto tiny = open(kTiny, {.width = 64, .height = 64});
  octet_detections* found = nullptr;
  octet_view view{};
  EXPECT_EQ(octet_detect(tiny.get(), &view, nullptr, &found), OCTET_USAGE);
  EXPECT_EQ(found, nullptr);
  view.format = 7;
  EXPECT_EQ(octet_detect(tiny.get(), &view, nullptr, &found), OCTET_USAGE);
  EXPECT_EQ(octet_import("missing.pt", "x.safetensors"), OCTET_FAILED);
  EXPECT_EQ(octet_export(kTiny.c_str(), "x.txt", 0, 0), OCTET_USAGE);
  std::thread([] { EXPECT_STREQ(octet_last_error(), ""); }).join();  // each thread has its own
}

TEST(CInterface, LogLinesComeWithTheirUser) {
  std::string lines;
  octet_detector_options options{.width = 64, .height = 64};
  options.log = [](int is_warning, const char* line, void* user) {
    *static_cast<std::string*>(user) += std::to_string(is_warning) + line;
  };
  options.log_user = &lines;
  (void)open(kTiny, options);
  EXPECT_THAT(lines, HasSubstr("was trained with size 640"));
}

TEST(CInterface, ClosesNothing) {
  octet_detector_close(nullptr);
  octet_detections_close(nullptr);
  octet_image_close(nullptr);
}

}  // namespace
}  // namespace api_test
