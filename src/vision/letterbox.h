// Scales an image into the network's input. It keeps the aspect ratio and centres the image on grey
// (114), as in the training of YOLOv8. The scaling is bilinear with half-pixel centres. For RGB it
// uses the fixed-point arithmetic of OpenCV's INTER_LINEAR, so that results equal those of programs
// with OpenCV.
//
// One Letterbox serves one geometry. It owns tables and row buffers, and allocates nothing per
// frame. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "vision/image.h"

namespace octet {

struct LetterboxGeometry {
  Size source;
  Size input;
  Size content;  // the scaled image
  int left = 0;  // of the content inside the input
  int top = 0;
  double scale = 1;  // source pixels × scale = input pixels

  [[nodiscard]] float to_source_x(float x) const {
    return static_cast<float>((static_cast<double>(x) - left) / scale);
  }
  [[nodiscard]] float to_source_y(float y) const {
    return static_cast<float>((static_cast<double>(y) - top) / scale);
  }
};
[[nodiscard]] LetterboxGeometry letterbox_geometry(Size source, Size input);

class Letterbox {
 public:
  Letterbox(Size source, Size input);

  [[nodiscard]] const LetterboxGeometry& geometry() const { return geometry_; }

  // `out` receives (input.height, input.width, 3) bytes, RGB. The view's size has to be the
  // geometry's source.
  void run(const RgbView& in, uint8_t* out);
  void run(const YuvView& in, uint8_t* out);

 private:
  // The two samples of each output sample, and the weight of the second.
  struct Taps {
    std::vector<int32_t> first, second;
    std::vector<int16_t> weight;  // of the second, in units of 1 / one
  };
  struct Axis {
    int from, to;           // lengths of source and content, in pixels
    int samples;            // of the plane in the source
    int one;                // the weights' unit
    double per_sample = 1;  // plane samples a source pixel
    double offset = 0;      // of the plane's first sample, in samples
    int step = 1;           // output pixels a tap
  };
  static Taps make_taps(const Axis& axis);
  void fill_borders(uint8_t* out) const;
  const int32_t* horizontal(const RgbView& in, int row);
  void sample_row(const YuvView& in, int plane, int y, std::vector<uint8_t>& out);

  LetterboxGeometry geometry_;
  Taps rgb_x_, rgb_y_;                          // 11-bit weights
  Taps luma_x_, luma_y_, chroma_x_, chroma_y_;  // 7-bit weights
  std::vector<int32_t> row_cache_[2];
  int cached_row_[2] = {-1, -1};
  std::vector<uint16_t> blended_;
  std::vector<uint8_t> row_[3];
  std::vector<uint8_t> narrow_;  // a chroma row at half the width
};

}  // namespace octet
