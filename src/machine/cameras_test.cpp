#include "machine/cameras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cstring>
#include <map>

#include "testing/recorded_tree.h"

namespace octet {
namespace {

using testing::ElementsAre;

// A driver that answers as a webcam, a decoder or a camera with ranges.
struct FakeDriver {
  uint32_t able = 0;
  std::vector<uint32_t> formats;
  std::vector<Size> sizes;
  std::vector<uint32_t> rates;
  bool ranges = false;
};

class FakeDevice : public VideoDevice {
 public:
  explicit FakeDevice(const FakeDriver& driver) : driver_(driver) {}
  bool ask(unsigned long request, void* argument) override {
    switch (request) {
      case VIDIOC_QUERYCAP:
        return about(*static_cast<v4l2_capability*>(argument));
      case VIDIOC_ENUM_FMT:
        return format(*static_cast<v4l2_fmtdesc*>(argument));
      case VIDIOC_ENUM_FRAMESIZES:
        return size(*static_cast<v4l2_frmsizeenum*>(argument));
      case VIDIOC_ENUM_FRAMEINTERVALS:
        return interval(*static_cast<v4l2_frmivalenum*>(argument));
      default:
        return false;
    }
  }

 private:
  bool about(v4l2_capability& out) const {
    out.capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE;  // of all nodes together
    out.device_caps = driver_.able;
    return true;
  }
  bool format(v4l2_fmtdesc& out) const {
    if (out.index >= driver_.formats.size()) return false;
    out.pixelformat = driver_.formats[out.index];
    return true;
  }
  bool size(v4l2_frmsizeenum& out) const {
    if (out.index >= driver_.sizes.size()) return false;
    const Size& s = driver_.sizes[out.index];
    out.type = driver_.ranges ? V4L2_FRMSIZE_TYPE_STEPWISE : V4L2_FRMSIZE_TYPE_DISCRETE;
    if (driver_.ranges) {
      out.stepwise.min_width = 16;
      out.stepwise.max_width = static_cast<uint32_t>(s.width);
      out.stepwise.max_height = static_cast<uint32_t>(s.height);
    } else {
      out.discrete = {static_cast<uint32_t>(s.width), static_cast<uint32_t>(s.height)};
    }
    return true;
  }
  bool interval(v4l2_frmivalenum& out) const {
    if (out.index >= driver_.rates.size()) return false;
    out.type = V4L2_FRMIVAL_TYPE_DISCRETE;
    out.discrete = {1, driver_.rates[out.index]};
    return true;
  }

  const FakeDriver& driver_;
};

std::string text(const FoundCamera& c) {
  std::string out = c.device + " " + c.name;
  for (const CameraFormat& f : c.formats) {
    out += " " + f.name;
    for (const CameraSize& s : f.sizes) out += fmt::format(" {}@{}", to_string(s.size), s.fps);
  }
  return out + (c.reason.empty() ? "" : " (" + c.reason + ")");
}

TEST(Cameras, WithFormatsAndWithoutCodecs) {
  const RecordedTree tree(OCTET_SOURCE_DIR "/tests/data/machine/raspberry-pi-4.txt");
  const std::map<std::string, FakeDriver> drivers{
      {"/dev/video0",
       {.able = V4L2_CAP_VIDEO_CAPTURE,
        .formats = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV},
        .sizes = {{1280, 720}, {640, 480}},
        .rates = {15, 30}}},
      {"/dev/video1", {.able = V4L2_CAP_META_CAPTURE}},
      {"/dev/video10", {.able = V4L2_CAP_VIDEO_M2M_MPLANE, .formats = {V4L2_PIX_FMT_H264}}},
      {"/dev/video2",
       {.able = V4L2_CAP_VIDEO_CAPTURE_MPLANE,
        .formats = {V4L2_PIX_FMT_NV12},
        .sizes = {{3280, 2464}},
        .ranges = true}}};
  std::vector<std::string> found;
  for (const FoundCamera& c :
       find_cameras(SystemFiles(tree.root()), [&](const std::string& device) {
         return std::make_unique<FakeDevice>(drivers.at(device));
       }))
    found.push_back(text(c));
  EXPECT_THAT(found, ElementsAre("/dev/video0 HD Webcam: HD Webcam MJPG 1280x720@30 640x480@30 "
                                 "YUYV 1280x720@30 640x480@30",
                                 "/dev/video2 unicam-image NV12 3280x2464@0"));
}

// A driver that never ends its lists is asked a bounded number of times.
TEST(Cameras, ListsWithoutEndAreCut) {
  const RecordedTree tree(OCTET_SOURCE_DIR "/tests/data/machine/raspberry-pi-4.txt");
  const FakeDriver endless{.able = V4L2_CAP_VIDEO_CAPTURE,
                           .formats = std::vector<uint32_t>(100, V4L2_PIX_FMT_YUYV),
                           .sizes = std::vector<Size>(100, Size{640, 480}),
                           .rates = std::vector<uint32_t>(100, 30)};
  const auto found = find_cameras(SystemFiles(tree.root()), [&](const std::string&) {
    return std::make_unique<FakeDevice>(endless);
  });
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].formats.size(), 32U);
  EXPECT_EQ(found[0].formats[0].sizes.size(), 64U);
}

TEST(Cameras, OneThatCannotBeOpenedIsNamedWithTheReason) {
  const RecordedTree tree(OCTET_SOURCE_DIR "/tests/data/machine/raspberry-pi-4.txt");
  const auto found = find_cameras(SystemFiles(tree.root()), [](const std::string&) {
    return open_video_device("/no/such/device");
  });
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].reason, "cannot be opened: No such file or directory");
  EXPECT_TRUE(found[0].formats.empty());
}

}  // namespace
}  // namespace octet
