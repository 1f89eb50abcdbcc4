#include "api/convert.h"

#include <octet/detector.h>

#include <cstdlib>
#include <utility>

#include "core/error.h"
#include "media/image/limits.h"

namespace octet::v0 {
namespace {

constexpr int kChannels = 3;

bool is_share(float value) { return value >= 0 && value <= 1; }  // not NaN

void require_pixels(const ImageView& image, std::ptrdiff_t stride) {
  const auto [width, height] = image.size;
  if (image.data == nullptr || width < 1 || height < 1)
    fail_usage("image: has no pixels ({} x {}); give a pointer, a width and a height", width,
               height);
  if (int64_t{width} * height > kMaxPicturePixels)
    fail_usage("image: {} x {} are more than {} million pixels; give a smaller one", width, height,
               kMaxPicturePixels / 1'000'000);
  if (std::abs(stride) < std::ptrdiff_t{width} * kChannels)
    fail_usage("image: rows of {} pixels take {} bytes, and stride_bytes is {}", width,
               width * kChannels, stride);
}

}  // namespace

Detections to_public(const octet::Detections& found, std::span<const std::string> class_names) {
  Detections out;
  out.reserve(found.items.size());
  for (size_t i = 0; i < found.items.size(); ++i) {
    const octet::Detection& d = found.items[i];
    Detection& next = out.emplace_back();
    next.class_index = d.class_index;
    next.name = class_name(class_names, d.class_index);
    next.confidence = d.confidence;
    next.box = {d.box.x1, d.box.y1, d.box.x2, d.box.y2};
    next.track = d.track;
    for (const octet::Keypoint& k : found.keypoints_of(i))
      next.keypoints.push_back({k.x, k.y, k.confidence});
  }
  return out;
}

ModelInfo to_public(const Artifact& artifact) {
  const octet::ModelInfo& info = artifact.info;
  ModelInfo out;
  if (info.task == octet::Task::kRaw)
    fail("{}: has raw outputs; the library reads YOLO models only", artifact.file.string());
  out.task = info.task == octet::Task::kPose ? Task::kPose : Task::kDetect;
  out.family = info.family;
  out.class_names = info.names;
  out.keypoints = info.head.keypoints;
  out.trained_side = info.trained_side;
  if (artifact.size) out.input = {artifact.size->width, artifact.size->height};
  out.weight_bits = artifact.weight_bits;
  if (artifact.format != nullptr) out.format = artifact.format->name;
  out.source = info.source;
  out.licence = info.licence;
  return out;
}

Image to_public(octet::Image image) {
  return {.width = image.width, .height = image.height, .rgb = std::move(image.rgb)};
}

DecodeOptions to_inner(const DetectOptions& options) {
  if (!is_share(options.confidence))
    fail_usage("confidence {}: expected a number from 0 to 1", options.confidence);
  if (!is_share(options.iou)) fail_usage("iou {}: expected a number from 0 to 1", options.iou);
  if (options.max_detections < 1)
    fail_usage("max_detections {}: expected 1 or more", options.max_detections);
  return {.score_threshold = options.confidence,
          .iou_threshold = options.iou,
          .max_detections = options.max_detections};
}

RgbView rgb_view(const ImageView& image, std::vector<uint8_t>& scratch) {
  const auto [width, height] = image.size;
  const std::ptrdiff_t row = std::ptrdiff_t{width} * kChannels;
  const std::ptrdiff_t stride = image.stride_bytes == 0 ? row : image.stride_bytes;
  require_pixels(image, stride);
  const octet::Size size{width, height};
  if (image.format == PixelFormat::kRgb)
    return {.data = image.data, .stride_bytes = stride, .size = size};
  scratch.resize(static_cast<size_t>(row) * static_cast<size_t>(height));
  uint8_t* out = scratch.data();
  for (int y = 0; y < height; ++y) {
    const uint8_t* in = image.data + y * stride;
    for (int x = 0; x < width; ++x, in += kChannels, out += kChannels) {
      out[0] = in[2];
      out[1] = in[1];
      out[2] = in[0];
    }
  }
  return {.data = scratch.data(), .stride_bytes = row, .size = size};
}

}  // namespace octet::v0
