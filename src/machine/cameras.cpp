#include "machine/cameras.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace octet {
namespace {

constexpr uint32_t kMostFormats = 32, kMostSizes = 64, kMostIntervals = 64;  // that are asked for

class OpenDevice : public VideoDevice {
 public:
  explicit OpenDevice(const std::string& device)
      : fd_(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    const int error = errno;
    if (fd_ < 0)
      fail("cannot be opened: {}{}", std::strerror(error),
           error == EACCES ? "; add this user to the group video" : "");
  }
  ~OpenDevice() override { ::close(fd_); }
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
  bool ask(unsigned long request, void* argument) override {
    return ::ioctl(fd_, request, argument) == 0;
  }

 private:
  int fd_;
};

// The type of buffers with frames; 0: it is no camera.
uint32_t capture_type(VideoDevice& device) {
  v4l2_capability about{};
  if (!device.ask(VIDIOC_QUERYCAP, &about)) return 0;
  const uint32_t able =
      (about.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? about.device_caps : about.capabilities;
  if ((able & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE)) != 0) return 0;
  if ((able & V4L2_CAP_VIDEO_CAPTURE) != 0) return V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if ((able & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0) return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  return 0;
}

double rate_of(const v4l2_fract& interval) {
  return interval.numerator == 0 ? 0
                                 : static_cast<double>(interval.denominator) / interval.numerator;
}

double highest_rate(VideoDevice& device, uint32_t format, Size size) {
  double highest = 0;
  for (uint32_t i = 0; i < kMostIntervals; ++i) {
    v4l2_frmivalenum one{};
    one.index = i;
    one.pixel_format = format;
    one.width = static_cast<uint32_t>(size.width);
    one.height = static_cast<uint32_t>(size.height);
    if (!device.ask(VIDIOC_ENUM_FRAMEINTERVALS, &one)) break;
    const bool discrete = one.type == V4L2_FRMIVAL_TYPE_DISCRETE;
    highest = std::max(highest, rate_of(discrete ? one.discrete : one.stepwise.min));
    if (!discrete) break;
  }
  return highest;
}

std::vector<CameraSize> sizes_of(VideoDevice& device, uint32_t format) {
  std::vector<CameraSize> out;
  for (uint32_t i = 0; i < kMostSizes; ++i) {
    v4l2_frmsizeenum one{};
    one.index = i;
    one.pixel_format = format;
    if (!device.ask(VIDIOC_ENUM_FRAMESIZES, &one)) break;
    const bool discrete = one.type == V4L2_FRMSIZE_TYPE_DISCRETE;
    const Size size{static_cast<int>(discrete ? one.discrete.width : one.stepwise.max_width),
                    static_cast<int>(discrete ? one.discrete.height : one.stepwise.max_height)};
    out.push_back({.size = size, .fps = highest_rate(device, format, size)});
    if (!discrete) break;
  }
  return out;
}

// The four characters of a pixel format, those that are printable.
std::string format_name(uint32_t format) {
  std::string name;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto c = static_cast<char>((format >> shift) & 0x7F);
    if (c > ' ' && c < 0x7F) name.push_back(c);
  }
  return name;
}

std::vector<CameraFormat> formats_of(VideoDevice& device, uint32_t type) {
  std::vector<CameraFormat> out;
  for (uint32_t i = 0; i < kMostFormats; ++i) {
    v4l2_fmtdesc one{};
    one.index = i;
    one.type = type;
    if (!device.ask(VIDIOC_ENUM_FMT, &one)) break;
    out.push_back(
        {.name = format_name(one.pixelformat), .sizes = sizes_of(device, one.pixelformat)});
  }
  return out;
}

}  // namespace

std::unique_ptr<VideoDevice> open_video_device(const std::string& device) {
  return std::make_unique<OpenDevice>(device);
}

std::vector<FoundCamera> find_cameras(const SystemFiles& files, const OpenVideoDevice& open) {
  std::vector<FoundCamera> out;
  for (const auto& entry : files.numbered("sys/class/video4linux", "video")) {
    FoundCamera camera{.device = "/dev/" + entry.filename().string(),
                       .name = files.text(entry / "name").value_or(""),
                       .formats = {},
                       .reason = {}};
    try {
      const auto device = open(camera.device);
      const uint32_t type = capture_type(*device);
      if (type == 0) continue;
      camera.formats = formats_of(*device, type);
      if (camera.formats.empty()) continue;
    } catch (const Error& e) {
      camera.reason = e.what();
    }
    out.push_back(std::move(camera));
  }
  return out;
}

}  // namespace octet
