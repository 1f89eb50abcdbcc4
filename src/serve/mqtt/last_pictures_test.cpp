#include "serve/mqtt/last_pictures.h"

#include <gtest/gtest.h>

#include <span>
#include <thread>
#include <vector>

#include "media/image/jpeg.h"

namespace octet {
namespace {

SharedResult result(int64_t camera, bool event) {
  StreamResult r{.camera_id = camera,
                 .camera = "camera " + std::to_string(camera),
                 .class_names = std::make_shared<const std::vector<std::string>>()};
  if (event) r.events = {{.region = "mat", .class_name = "dog", .track = 1}};
  return std::make_shared<const StreamResult>(r);
}

// Grey, so that it stays what it is when it is shrunk.
Picture picture(int width, int height) {
  Picture p;
  p.is_video = false;
  p.image = {width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3), 90)};
  return p;
}

using Published = std::vector<std::pair<std::string, std::string>>;

TEST(LastPictures, AreBoundedInSizeAndDrawnOnceAMinute) {
  Published published;
  {
    LastPictures pictures([&](const std::string& source, std::string jpeg) {
      published.emplace_back(source, std::move(jpeg));
    });
    const Picture large = picture(3000, 2000), small = picture(64, 48);
    pictures.add(result(1, false), large);
    pictures.add(result(1, false), large);
    pictures.add(result(2, false), small);
  }
  ASSERT_EQ(published.size(), 2U);
  EXPECT_EQ(published[0].first, "camera 1");
  const auto decoded = [&](size_t i) {
    return decode_jpeg(std::as_bytes(std::span(published[i].second)), "picture");
  };
  const Image first = decoded(0);
  EXPECT_EQ(first.size(), (Size{1000, 666}));
  EXPECT_NEAR(first.rgb[0], 90, 2);
  EXPECT_NEAR(first.rgb.back(), 90, 2);
  EXPECT_EQ(decoded(1).size(), (Size{64, 48}));
}

TEST(LastPictures, AnEventIsShownASecondAfterTheLastPicture) {
  Published published;
  {
    LastPictures pictures([&](const std::string& source, std::string jpeg) {
      published.emplace_back(source, std::move(jpeg));
    });
    const Picture small = picture(64, 48);
    pictures.add(result(1, true), small);
    pictures.add(result(1, true), small);  // too soon
    std::this_thread::sleep_for(LastPictures::kAfterEvent + std::chrono::milliseconds(50));
    pictures.add(result(1, false), small);  // shows that event
    pictures.add(result(1, false), small);
  }
  EXPECT_EQ(published.size(), 2U);
}

}  // namespace
}  // namespace octet
