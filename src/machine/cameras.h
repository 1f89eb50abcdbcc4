// The cameras of Video4Linux, with the formats and sizes that their drivers name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/size.h"
#include "machine/system_files.h"

namespace octet {

struct CameraSize {
  Size size;       // the largest, where the driver offers a range
  double fps = 0;  // the highest; 0: the driver does not tell
};
struct CameraFormat {
  std::string name;  // "MJPG", "YUYV", "H264"
  std::vector<CameraSize> sizes;
};
struct FoundCamera {
  std::string device;  // "/dev/video0"
  std::string name;    // "HD Webcam"
  std::vector<CameraFormat> formats;
  std::string reason;  // why it could not be asked; empty: it was
};

// An open device, which answers requests of Video4Linux.
class VideoDevice {
 public:
  virtual ~VideoDevice() = default;
  // Whether the driver knows the request. `argument` is the struct of the request.
  [[nodiscard]] virtual bool ask(unsigned long request, void* argument) = 0;
};
// Opens a device. Throws an Error where that fails.
using OpenVideoDevice = std::function<std::unique_ptr<VideoDevice>(const std::string& device)>;
[[nodiscard]] std::unique_ptr<VideoDevice> open_video_device(const std::string& device);

// Devices that only encode, decode or convert video are left out.
[[nodiscard]] std::vector<FoundCamera> find_cameras(
    const SystemFiles& files, const OpenVideoDevice& open = open_video_device);

}  // namespace octet
