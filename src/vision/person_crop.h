// The crop of one person: the input of a network that finds the keypoints of a single person.
//
// The person's box grows to the aspect of the input and by a margin. It stays centred. The picture
// is scaled bilinearly, without smoothing, and is black outside. This is the geometry of the
// evaluation of SimpleBaseline (Xiao et al., 2018) by cv2.warpAffine. The centre of the box becomes
// the centre of the input: pixel (side − 1) / 2.
//
// One PersonCrop serves one input size. It owns tables, and allocates nothing per person. One
// thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "vision/detections.h"
#include "vision/image.h"

namespace octet {

// input pixels = source pixels × scale + offset, where whole numbers are the centres of pixels.
struct PersonCropGeometry {
  Size input;
  double scale = 1;
  double offset_x = 0, offset_y = 0;

  [[nodiscard]] float to_source_x(float x) const {
    return static_cast<float>((static_cast<double>(x) - offset_x) / scale);
  }
  [[nodiscard]] float to_source_y(float y) const {
    return static_cast<float>((static_cast<double>(y) - offset_y) / scale);
  }
};

// `box` is in source pixels. Sides below one pixel count as one, coordinates beyond a million
// pixels as a million, and NaN as 0. `margin`: the side of the crop as a multiple of the box's.
[[nodiscard]] PersonCropGeometry person_crop_geometry(const PixelBox& box, Size input,
                                                      double margin);

// The box whose crop with this margin just holds the whole picture.
[[nodiscard]] PixelBox box_of_whole_picture(Size picture, double margin);

class PersonCrop {
 public:
  PersonCrop(Size input, double margin);

  // `out` receives (input.height, input.width, 3) bytes, RGB. Sets geometry().
  void run(const RgbView& picture, const PixelBox& box, uint8_t* out);
  void run(const YuvView& picture, const PixelBox& box, uint8_t* out);
  // Of the last run.
  [[nodiscard]] const PersonCropGeometry& geometry() const { return geometry_; }

 private:
  // The two source samples of each input pixel along one axis, and their weights. A sample outside
  // the picture has no weight.
  struct Tap {
    int32_t first = 0, second = 0;
    int32_t first_weight = 0, second_weight = 0;
  };
  static void make_taps(double offset, double scale, int samples, std::vector<Tap>& taps);
  // Of a plane of samples, and their value outside of it.
  struct Plane {
    const uint8_t* data = nullptr;
    std::ptrdiff_t stride_bytes = 0;
    int outside = 0;
  };
  static void sample_row(const Plane& plane, const Tap& y, const std::vector<Tap>& x,
                         std::vector<uint8_t>& out);

  double margin_;
  PersonCropGeometry geometry_;
  std::vector<Tap> x_, y_;
  std::vector<Tap> chroma_x_, chroma_y_;
  std::vector<uint8_t> row_[3];
};

}  // namespace octet
