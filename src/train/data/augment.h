// Training pictures: mosaic, scaling and shifting, colour, mirroring, with their labels. Every
// choice comes from the generator given.
#pragma once

#include <random>
#include <vector>

#include "eval/dataset/dataset.h"
#include "vision/image.h"

namespace octet {

struct AugmentOptions {                               // YOLOv8's defaults
  double mosaic = 1.0;                                // probability
  double scale = 0.5;                                 // ± share of the size
  double translate = 0.1;                             // ± share of the side
  double hue = 0.015, saturation = 0.7, value = 0.4;  // ± share
  double mirror = 0.5;                                // probability of left-right
  double mixup = 0;                                   // probability of two pictures blended
};

// A picture with its objects, in pixels of that picture.
struct LabelledPicture {
  Image image;
  std::vector<TruthObject> objects;
};

using Random = std::mt19937_64;

// Scaled so that the long side is `side`, aspect ratio kept.
[[nodiscard]] LabelledPicture scale_to_side(const LabelledPicture& picture, int side);

// Four pictures around a random point of a canvas of twice the side.
[[nodiscard]] LabelledPicture make_mosaic(const std::vector<LabelledPicture>& four, int side,
                                          Random& random);

// Scales about the centre and shifts into a square of `side`; what is uncovered is grey. Objects
// are clipped to the square; those of which less than a tenth or fewer than two pixels are left are
// dropped.
[[nodiscard]] LabelledPicture scale_and_shift(const LabelledPicture& picture, int side,
                                              const AugmentOptions& options, Random& random);

// Blends `other` into `picture`, both of one size, and joins their objects (Zhang et al., "mixup",
// 2018): the share of the first is near a half.
void mix(LabelledPicture& picture, const LabelledPicture& other, Random& random);

void change_colour(Image& image, const AugmentOptions& options, Random& random);

// `flip_index` says which keypoint becomes which; without one, pictures with keypoints are not
// mirrored.
void mirror(LabelledPicture& picture, const std::vector<int>& flip_index);

}  // namespace octet
