#include "serve/site/appearance.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace octet {
namespace {

constexpr int kStep = 4;  // rows and columns from one sample to the next

struct Plane {
  const uint8_t* data;
  std::ptrdiff_t row_bytes, column_bytes;
  Size size;

  [[nodiscard]] int at(int x, int y) const { return data[y * row_bytes + x * column_bytes]; }
};

double mean_of(const Plane& plane) {
  double sum = 0;
  int64_t count = 0;
  for (int y = 0; y < plane.size.height; y += kStep) {
    for (int x = 0; x < plane.size.width; x += kStep, ++count) sum += plane.at(x, y);
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

void measure_luma(const Plane& plane, Appearance& out) {
  double sum = 0, squares = 0, steps = 0;
  int64_t count = 0;
  for (int y = 0; y + 1 < plane.size.height; y += kStep) {
    for (int x = 0; x + 1 < plane.size.width; x += kStep, ++count) {
      const int value = plane.at(x, y);
      sum += value;
      squares += value * value;
      steps += std::abs(plane.at(x + 1, y) - value) + std::abs(plane.at(x, y + 1) - value);
    }
  }
  const double n = std::max<double>(1, static_cast<double>(count));
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(0.0, squares / n - mean * mean));
  out[static_cast<size_t>(Measure::kBrightness)] = mean;
  out[static_cast<size_t>(Measure::kContrast)] = deviation;
  out[static_cast<size_t>(Measure::kSharpness)] = steps / n / std::max(1.0, deviation);
}

void measure(const YuvView& yuv, Appearance& out) {
  const Size chroma{(yuv.size.width + 1) / 2, (yuv.size.height + 1) / 2};
  measure_luma({yuv.planes[0], yuv.strides_bytes[0], 1, yuv.size}, out);
  out[static_cast<size_t>(Measure::kBlue)] =
      mean_of({yuv.planes[1], yuv.strides_bytes[1], 1, chroma}) - 128;
  out[static_cast<size_t>(Measure::kRed)] =
      mean_of({yuv.planes[2], yuv.strides_bytes[2], 1, chroma}) - 128;
}

// Green in place of luma, and differences from it in place of chroma: half of it has chroma's scale.
void measure(const RgbView& rgb, Appearance& out) {
  const auto plane = [&](int channel) {
    return Plane{rgb.data + channel, rgb.stride_bytes, 3, rgb.size};
  };
  measure_luma(plane(1), out);
  const double green = mean_of(plane(1));
  out[static_cast<size_t>(Measure::kBlue)] = (mean_of(plane(2)) - green) / 2;
  out[static_cast<size_t>(Measure::kRed)] = (mean_of(plane(0)) - green) / 2;
}

}  // namespace

Appearance appearance_of(const Picture& picture, const Detections& detections) {
  Appearance out{};
  picture.is_video ? measure(picture.video.yuv(), out) : measure(view(picture.image), out);
  double sum = 0;
  for (const Detection& d : detections.items) sum += d.confidence;
  out[static_cast<size_t>(Measure::kConfidence)] =
      detections.items.empty() ? std::numeric_limits<double>::quiet_NaN()
                               : sum / static_cast<double>(detections.items.size());
  return out;
}

}  // namespace octet
