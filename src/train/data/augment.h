// Augments training images and their labels: mosaic, scaling, shifting, colour, mirroring. Every
// choice comes from the given generator.
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

  // Images as they are, letterboxed.
  [[nodiscard]] static AugmentOptions none() {
    return {.mosaic = 0,
            .scale = 0,
            .translate = 0,
            .hue = 0,
            .saturation = 0,
            .value = 0,
            .mirror = 0,
            .mixup = 0};
  }
};

// An image with its objects, in pixels of that image.
struct LabelledPicture {
  Image image;
  std::vector<TruthObject> objects;
};

using Random = std::mt19937_64;

// One generator for each picture of an epoch.
[[nodiscard]] Random generator(uint64_t seed, int64_t epoch, size_t position);

// Scales an image so that its long side is `side`, with the same aspect ratio.
[[nodiscard]] LabelledPicture scale_to_side(const LabelledPicture& picture, int side);

// Places four images around a random point of a canvas of twice the side.
[[nodiscard]] LabelledPicture make_mosaic(const std::vector<LabelledPicture>& four, int side,
                                          Random& random);

// Scales about the centre and shifts into a square of `side`. Uncovered pixels are grey. Objects
// are clipped to the square. An object is dropped when less than a tenth or fewer than two pixels
// of it are left.
[[nodiscard]] LabelledPicture scale_and_shift(const LabelledPicture& picture, int side,
                                              const AugmentOptions& options, Random& random);

// Blends `other` into `picture`, both of one size, and joins their objects (Zhang et al., "mixup",
// 2018): the share of the first is near a half.
void mix(LabelledPicture& picture, const LabelledPicture& other, Random& random);

void change_colour(Image& image, const AugmentOptions& options, Random& random);

// Keypoint i becomes flip_index[i]. Without `flip_index` images with keypoints are not mirrored.
void mirror(LabelledPicture& picture, const std::vector<int>& flip_index);

}  // namespace octet
