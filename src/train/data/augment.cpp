#include "train/data/augment.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "vision/letterbox.h"

namespace octet {
namespace {

constexpr uint8_t kGrey = 114;
constexpr double kLeastShare = 0.1;  // of an object that has to stay visible
constexpr double kLeastPixels = 2;
constexpr double kMostElongated = 100;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

Image grey(Size size) {
  return {.width = size.width,
          .height = size.height,
          .rgb = std::vector<uint8_t>(static_cast<size_t>(size.width) * size.height * 3, kGrey)};
}

// x' = x · scale + shift
struct Mapping {
  double scale = 1, shift_x = 0, shift_y = 0;
};

TruthObject mapped(TruthObject object, const Mapping& m) {
  object.box = {object.box.x1 * m.scale + m.shift_x, object.box.y1 * m.scale + m.shift_y,
                object.box.x2 * m.scale + m.shift_x, object.box.y2 * m.scale + m.shift_y};
  for (auto& p : object.keypoints) {
    p.x = p.x * m.scale + m.shift_x;
    p.y = p.y * m.scale + m.shift_y;
  }
  return object;
}

// Clips to the picture. False when too little is left.
bool clip(TruthObject& object, Size size) {
  TruthBox& b = object.box;
  const double before = (b.x2 - b.x1) * (b.y2 - b.y1);
  b = {std::clamp<double>(b.x1, 0, size.width), std::clamp<double>(b.y1, 0, size.height),
       std::clamp<double>(b.x2, 0, size.width), std::clamp<double>(b.y2, 0, size.height)};
  for (auto& p : object.keypoints) {
    if (p.x < 0 || p.y < 0 || p.x > size.width || p.y > size.height) p.visibility = 0;
  }
  const double w = b.x2 - b.x1;
  const double h = b.y2 - b.y1;
  return w > kLeastPixels && h > kLeastPixels && w * h > kLeastShare * before &&
         std::max(w / h, h / w) < kMostElongated;
}

// Bilinear, grey outside.
void warp(const Image& from, const Mapping& m, Image& to) {
  for (int y = 0; y < to.height; ++y) {
    const double sy = (y + 0.5 - m.shift_y) / m.scale - 0.5;
    const int y0 = static_cast<int>(std::floor(sy));
    const double fy = sy - y0;
    if (y0 < -1 || y0 >= from.height) continue;
    for (int x = 0; x < to.width; ++x) {
      const double sx = (x + 0.5 - m.shift_x) / m.scale - 0.5;
      const int x0 = static_cast<int>(std::floor(sx));
      if (x0 < -1 || x0 >= from.width) continue;
      const double fx = sx - x0;
      const auto at = [&](int px, int py, int c) -> double {
        if (px < 0 || py < 0 || px >= from.width || py >= from.height) return kGrey;
        return from.rgb[(static_cast<size_t>(py) * from.width + px) * 3 + c];
      };
      for (int c = 0; c < 3; ++c) {
        const double top = at(x0, y0, c) * (1 - fx) + at(x0 + 1, y0, c) * fx;
        const double bottom = at(x0, y0 + 1, c) * (1 - fx) + at(x0 + 1, y0 + 1, c) * fx;
        to.rgb[(static_cast<size_t>(y) * to.width + x) * 3 + c] =
            static_cast<uint8_t>(std::lround(top * (1 - fy) + bottom * fy));
      }
    }
  }
}

void paste(const Image& from, int left, int top, Image& to) {
  for (int y = std::max(top, 0); y < std::min(top + from.height, to.height); ++y) {
    const int first = std::max(left, 0);
    const int last = std::min(left + from.width, to.width);
    if (first >= last) return;
    const auto* source =
        &from.rgb[(static_cast<size_t>(y - top) * from.width + (first - left)) * 3];
    std::copy_n(source, static_cast<size_t>(last - first) * 3,
                &to.rgb[(static_cast<size_t>(y) * to.width + first) * 3]);
  }
}

}  // namespace

Random generator(uint64_t seed, int64_t epoch, size_t position) {
  std::seed_seq sequence{seed, static_cast<uint64_t>(epoch), static_cast<uint64_t>(position)};
  return Random(sequence);
}

LabelledPicture scale_to_side(const LabelledPicture& picture, int side) {
  const Size from = picture.image.size();
  const double scale = static_cast<double>(side) / std::max(from.width, from.height);
  const auto scaled = [&](int pixels) {
    return std::max(1, static_cast<int>(std::lround(pixels * scale)));
  };
  const Size to{scaled(from.width), scaled(from.height)};
  LabelledPicture out{.image = grey(to), .objects = {}};
  Letterbox letterbox(from, to);
  letterbox.run(view(picture.image), out.image.rgb.data());
  for (const TruthObject& o : picture.objects) out.objects.push_back(mapped(o, {.scale = scale}));
  return out;
}

LabelledPicture make_mosaic(const std::vector<LabelledPicture>& four, int side, Random& random) {
  LabelledPicture out{.image = grey({2 * side, 2 * side}), .objects = {}};
  const int cx = static_cast<int>(uniform(random, 0.5 * side, 1.5 * side));
  const int cy = static_cast<int>(uniform(random, 0.5 * side, 1.5 * side));
  for (size_t i = 0; i < four.size(); ++i) {
    const Image& image = four[i].image;
    const int left = i % 2 == 0 ? cx - image.width : cx;
    const int top = i < 2 ? cy - image.height : cy;
    paste(image, left, top, out.image);
    for (const TruthObject& o : four[i].objects) {
      TruthObject moved =
          mapped(o, {.shift_x = static_cast<double>(left), .shift_y = static_cast<double>(top)});
      if (clip(moved, out.image.size())) out.objects.push_back(std::move(moved));
    }
  }
  return out;
}

LabelledPicture scale_and_shift(const LabelledPicture& picture, int side,
                                const AugmentOptions& options, Random& random) {
  const double scale = uniform(random, 1 - options.scale, 1 + options.scale);
  const double tx = uniform(random, 0.5 - options.translate, 0.5 + options.translate) * side;
  const double ty = uniform(random, 0.5 - options.translate, 0.5 + options.translate) * side;
  const Mapping m{.scale = scale,
                  .shift_x = tx - scale * picture.image.width / 2,
                  .shift_y = ty - scale * picture.image.height / 2};
  LabelledPicture out{.image = grey({side, side}), .objects = {}};
  warp(picture.image, m, out.image);
  for (const TruthObject& o : picture.objects) {
    TruthObject moved = mapped(o, m);
    if (clip(moved, out.image.size())) out.objects.push_back(std::move(moved));
  }
  return out;
}

// In hue, saturation and value (Smith, "Color gamut transform pairs", 1978): hue is turned, the
// other two are multiplied.
void mix(LabelledPicture& picture, const LabelledPicture& other, Random& random) {
  std::gamma_distribution<double> gamma(32, 1);  // two of them make a beta distribution
  const double a = gamma(random);
  const double share = a / (a + gamma(random));
  for (size_t i = 0; i < picture.image.rgb.size(); ++i) {
    const double blended = picture.image.rgb[i] * share + other.image.rgb[i] * (1 - share);
    picture.image.rgb[i] = static_cast<uint8_t>(std::lround(blended));
  }
  picture.objects.insert(picture.objects.end(), other.objects.begin(), other.objects.end());
}

void change_colour(Image& image, const AugmentOptions& options, Random& random) {
  const double turn = uniform(random, -1, 1) * options.hue * 6;  // sixths of the circle
  const double saturation = 1 + uniform(random, -1, 1) * options.saturation;
  const double value = 1 + uniform(random, -1, 1) * options.value;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    uint8_t* p = &image.rgb[i];
    const double high = std::max({p[0], p[1], p[2]});
    const double low = std::min({p[0], p[1], p[2]});
    const double range = high - low;
    double hue = 0;
    if (range > 0)
      hue = high == p[0]   ? (p[1] - p[2]) / range
            : high == p[1] ? 2 + (p[2] - p[0]) / range
                           : 4 + (p[0] - p[1]) / range;
    hue = std::fmod(hue + turn + 12, 6);
    const double v = std::min(high * value, 255.0);
    const double chroma = high > 0 ? std::min(range / high * saturation, 1.0) * v : 0;
    const double x = chroma * (1 - std::fabs(std::fmod(hue, 2) - 1));
    const std::array<std::array<double, 3>, 6> sectors = {{{chroma, x, 0},
                                                           {x, chroma, 0},
                                                           {0, chroma, x},
                                                           {0, x, chroma},
                                                           {x, 0, chroma},
                                                           {chroma, 0, x}}};
    const auto& rgb = sectors[std::min(static_cast<size_t>(hue), size_t{5})];
    for (int c = 0; c < 3; ++c)
      p[c] = static_cast<uint8_t>(std::lround(rgb[static_cast<size_t>(c)] + v - chroma));
  }
}

void mirror(LabelledPicture& picture, const std::vector<int>& flip_index) {
  Image& image = picture.image;
  for (int y = 0; y < image.height; ++y) {
    uint8_t* row = &image.rgb[static_cast<size_t>(y) * image.width * 3];
    for (int a = 0, b = image.width - 1; a < b; ++a, --b)
      std::swap_ranges(row + 3 * a, row + 3 * a + 3, row + 3 * b);
  }
  for (TruthObject& o : picture.objects) {
    const double x1 = o.box.x1;
    o.box.x1 = image.width - o.box.x2;
    o.box.x2 = image.width - x1;
    const auto before = o.keypoints;
    for (size_t k = 0; k < o.keypoints.size(); ++k) {
      o.keypoints[k] = before[static_cast<size_t>(flip_index[k])];
      o.keypoints[k].x = image.width - o.keypoints[k].x;
    }
  }
}

}  // namespace octet
