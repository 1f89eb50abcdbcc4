// Version, Error and images: what needs no model.
#include <octet/detections.h>
#include <octet/error.h>
#include <octet/image.h>
#include <octet/version.h>

#include <algorithm>
#include <utility>

#include "api/convert.h"
#include "api/guard.h"
#include "core/error.h"
#include "media/image/image_io.h"
#include "model/known_keypoints.h"
#include "vision/draw/draw.h"

namespace octet::v0 {
namespace {

octet::Image copy_of(const ImageView& image) {
  std::vector<uint8_t> scratch;
  const RgbView from = rgb_view(image, scratch);
  octet::Image out{.width = from.size.width, .height = from.size.height, .rgb = {}};
  const std::ptrdiff_t row = std::ptrdiff_t{from.size.width} * 3;
  out.rgb.reserve(static_cast<size_t>(row) * static_cast<size_t>(from.size.height));
  for (int y = 0; y < from.size.height; ++y) {
    const uint8_t* first = from.data + y * from.stride_bytes;
    out.rgb.insert(out.rgb.end(), first, first + row);
  }
  return out;
}

// The other way round than to_public().
octet::Detections inner_detections(const Detections& detections, std::vector<std::string>& names) {
  octet::Detections out;
  for (const Detection& d : detections) {
    out.items.push_back({.box = {d.box.x1, d.box.y1, d.box.x2, d.box.y2},
                         .class_index = d.class_index,
                         .confidence = d.confidence,
                         .track = d.track});
    const auto index = static_cast<size_t>(std::clamp(d.class_index, 0, 65535));
    if (names.size() <= index) names.resize(index + 1);
    names[index] = d.name;
    out.keypoints_per_object =
        std::max(out.keypoints_per_object, static_cast<int>(d.keypoints.size()));
  }
  for (const Detection& d : detections) {
    if (d.keypoints.size() != static_cast<size_t>(out.keypoints_per_object))
      fail_usage("detections: one has {} keypoints, another {}; draw those of one model together",
                 d.keypoints.size(), out.keypoints_per_object);
    for (const Keypoint& k : d.keypoints) out.keypoints.push_back({k.x, k.y, k.confidence});
  }
  return out;
}

}  // namespace

const char* version() { return OCTET_VERSION; }

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(message), code_(code) {}
Error::Error(const Error&) noexcept = default;
Error& Error::operator=(const Error&) noexcept = default;
Error::~Error() = default;

Image read_image(const std::filesystem::path& file, const Log& log) {
  return guarded(log, [&] { return to_public(octet::read_image(file)); });
}

void write_jpeg(const std::filesystem::path& file, const ImageView& image, int quality) {
  guarded({}, [&] {
    if (quality < 1 || quality > 100)
      fail_usage("quality {}: expected a number from 1 to 100", quality);
    octet::write_jpeg(file, copy_of(image), quality);
  });
}

void draw(Image& image, const Detections& detections) {
  guarded({}, [&] {
    std::vector<std::string> names;
    const octet::Detections found = inner_detections(detections, names);
    octet::Image canvas = copy_of(image);
    draw_detections(canvas, found, names, usual_skeleton(found.keypoints_per_object));
    image.rgb = std::move(canvas.rgb);
  });
}

}  // namespace octet::v0
