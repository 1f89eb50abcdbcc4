#include "train/data/crops.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "media/image/image_io.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

constexpr size_t kAhead = 2;
constexpr double kLeastArea = 32 * 32;  // of a person's box, in square pixels

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

// Where the middle of the input lies in the picture, counted from the middle of its first pixel, and
// how large and in which direction the picture is seen.
struct Look {
  double x = 0, y = 0;
  double scale = 1;  // pixels of the picture × scale = pixels of the input
  double angle = 0;  // radians
  bool mirrored = false;
  uint8_t border = 0;
};

constexpr uint8_t kGrey = 114, kBlack = 0;

// What a network for one person looks at; nothing for a picture that is letterboxed.
std::optional<PixelBox> box_of(const PictureCrop& crop, Size picture) {
  if (crop.person || crop.border == Border::kGrey) return crop.person;
  return box_of_whole_picture(picture, crop.margin);
}

Look look_at(const PictureCrop& crop, Size picture, Size input) {
  const std::optional<PixelBox> box = box_of(crop, picture);
  if (!box) {
    return {.x = (picture.width - 1) / 2.0,
            .y = (picture.height - 1) / 2.0,
            .scale = letterbox_geometry(picture, input).scale,
            .border = kGrey};
  }
  const PersonCropGeometry g = person_crop_geometry(*box, input, crop.margin);
  return {.x = ((input.width - 1) / 2.0 - g.offset_x) / g.scale,
          .y = ((input.height - 1) / 2.0 - g.offset_y) / g.scale,
          .scale = g.scale,
          .border = kBlack};
}

void change(Look& look, Size input, const CropLoaderOptions& options, Random& random) {
  const AugmentOptions& a = options.augment;
  const double seen = std::min(input.width, input.height) / look.scale;  // of the picture
  look.x += uniform(random, -a.translate, a.translate) * seen;
  look.y += uniform(random, -a.translate, a.translate) * seen;
  look.scale *= uniform(random, 1 - a.scale, 1 + a.scale);
  look.angle = uniform(random, -1, 1) * options.rotate_degrees * std::numbers::pi / 180;
  look.mirrored = uniform(random, 0, 1) < a.mirror;
}

// The three numbers of a pixel at a place between pixels, by bilinear interpolation.
struct Sampler {
  const Image& from;
  uint8_t border;

  [[nodiscard]] double at(int x, int y, int c) const {
    if (x < 0 || y < 0 || x >= from.width || y >= from.height) return border;
    return from.rgb[(static_cast<size_t>(y) * from.width + x) * 3 + c];
  }
  void write(double x, double y, uint8_t* to) const {
    const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
    const double fx = x - x0, fy = y - y0;
    for (int c = 0; c < 3; ++c) {
      const double top = at(x0, y0, c) * (1 - fx) + at(x0 + 1, y0, c) * fx;
      const double low = at(x0, y0 + 1, c) * (1 - fx) + at(x0 + 1, y0 + 1, c) * fx;
      to[c] = static_cast<uint8_t>(std::lround(top * (1 - fy) + low * fy));
    }
  }
};

Image empty(Size size) {
  Image image{.width = size.width, .height = size.height, .rgb = {}};
  image.rgb.resize(static_cast<size_t>(size.width) * size.height * 3);
  return image;
}

Image taken(const Image& picture, const Look& look, Size input) {
  Image out = empty(input);
  const Sampler sampler{picture, look.border};
  const double along = std::cos(look.angle) / look.scale,
               across = std::sin(look.angle) / look.scale;
  for (int y = 0; y < input.height; ++y) {
    for (int x = 0; x < input.width; ++x) {
      const double side = x - (input.width - 1) / 2.0;
      const double dx = look.mirrored ? -side : side;
      const double dy = y - (input.height - 1) / 2.0;
      sampler.write(look.x + along * dx - across * dy, look.y + across * dx + along * dy,
                    &out.rgb[(static_cast<size_t>(y) * input.width + x) * 3]);
    }
  }
  return out;
}

Image seen(const PictureCrop& crop, const Image& picture, Size input) {
  Image out = empty(input);
  if (const auto box = box_of(crop, picture.size())) {
    PersonCrop(input, crop.margin).run(view(picture), *box, out.rgb.data());
  } else {
    Letterbox(picture.size(), input).run(view(picture), out.rgb.data());
  }
  return out;
}

// (N, H, W, 3) bytes, to be filled.
torch::Tensor empty_batch(size_t count, Size input) {
  return torch::empty({static_cast<int64_t>(count), input.height, input.width, 3}, torch::kByte);
}

void write(const Image& image, torch::Tensor& batch, size_t at) {
  std::memcpy(batch[static_cast<int64_t>(at)].data_ptr<uint8_t>(), image.rgb.data(),
              image.rgb.size());
}

bool is_worth(const TruthObject& o) {
  const TruthBox& b = o.box;
  const bool seen =
      o.keypoints.empty() || std::any_of(o.keypoints.begin(), o.keypoints.end(),
                                         [](const auto& p) { return p.visibility > 0; });
  return !o.crowd && seen && (b.x2 - b.x1) * (b.y2 - b.y1) >= kLeastArea;
}

void stop_if_asked() {
  if (stop_requested()) fail("interrupted while reading images");
}

}  // namespace

std::vector<PictureCrop> person_crops(const Dataset& data, double margin) {
  std::vector<PictureCrop> crops;
  Progress progress(static_cast<int64_t>(data.samples.size()), "reading images");
  int64_t done = 0;
  for (const Sample& sample : data.samples) {
    stop_if_asked();
    const Size size = sample.objects.empty() ? Size{} : read_image(sample.image).size();
    for (const TruthObject& o : objects_in_pixels(sample, size)) {
      if (!is_worth(o)) continue;
      const auto corner = [](double v) { return static_cast<float>(v); };
      crops.push_back({.image = sample.image,
                       .person = PixelBox{corner(o.box.x1), corner(o.box.y1), corner(o.box.x2),
                                          corner(o.box.y2)},
                       .margin = margin});
    }
    progress.update(++done);
  }
  return crops;
}

std::vector<PictureCrop> whole_pictures(const Dataset& data, Border border) {
  std::vector<PictureCrop> crops;
  for (const Sample& sample : data.samples)
    crops.push_back({.image = sample.image, .border = border});
  return crops;
}

std::vector<PictureCrop> evenly(const std::vector<PictureCrop>& crops, size_t most) {
  std::vector<PictureCrop> some;
  const size_t count = std::min(most, crops.size());
  for (size_t i = 0; i < count; ++i) some.push_back(crops[i * crops.size() / count]);
  return some;
}

torch::Tensor read_crops(std::span<const PictureCrop> crops, Size input) {
  torch::Tensor batch = empty_batch(crops.size(), input);
  Image picture;
  for (size_t i = 0; i < crops.size(); ++i) {
    stop_if_asked();
    if (i == 0 || crops[i].image != crops[i - 1].image) picture = read_image(crops[i].image);
    write(seen(crops[i], picture, input), batch, i);
  }
  return batch.permute({0, 3, 1, 2});
}

CropLoader::CropLoader(std::vector<PictureCrop> crops, const CropLoaderOptions& options)
    : crops_(std::move(crops)), options_(options), order_(crops_.size()) {
  std::iota(order_.begin(), order_.end(), size_t{0});
  double left = options.cache_gb * 1e9;
  for (const PictureCrop& crop : crops_) {
    if (pictures_.contains(crop.image)) continue;
    stop_if_asked();
    auto read = std::make_shared<const Image>(read_image(crop.image));
    left -= static_cast<double>(read->rgb.size());
    if (left < 0) break;
    pictures_.emplace(crop.image, std::move(read));
  }
}

int64_t CropLoader::batches() const { return (crops() + options_.batch - 1) / options_.batch; }

void CropLoader::begin_epoch(int64_t epoch) {
  ahead_.clear();
  epoch_ = epoch;
  next_ = 0;
  std::sort(order_.begin(), order_.end());
  Random random = generator(options_.seed, epoch, crops_.size());
  std::shuffle(order_.begin(), order_.end(), random);
  prefetch();
}

void CropLoader::prefetch() {
  while (ahead_.size() < kAhead && next_ < batches()) {
    ahead_.push_back(
        std::async(std::launch::async, [this, index = next_++] { return make_batch(index); }));
  }
}

std::optional<torch::Tensor> CropLoader::next() {
  if (ahead_.empty()) return std::nullopt;
  torch::Tensor batch = ahead_.front().get();
  ahead_.pop_front();
  prefetch();
  return batch;
}

CropLoader::Picture CropLoader::picture(const PictureCrop& crop) const {
  const auto kept = pictures_.find(crop.image);
  return kept != pictures_.end() ? kept->second
                                 : std::make_shared<const Image>(read_image(crop.image));
}

torch::Tensor CropLoader::make_batch(int64_t index) const {
  const auto first = static_cast<size_t>(index * options_.batch);
  const size_t count = std::min(static_cast<size_t>(options_.batch), crops_.size() - first);
  torch::Tensor batch = empty_batch(count, options_.input);
  for (size_t i = 0; i < count; ++i) {
    Random random = generator(options_.seed, epoch_, first + i);
    const PictureCrop& crop = crops_[order_[first + i]];
    const Picture whole = picture(crop);
    Look where = look_at(crop, whole->size(), options_.input);
    change(where, options_.input, options_, random);
    Image image = taken(*whole, where, options_.input);
    change_colour(image, options_.augment, random);
    write(image, batch, i);
  }
  return batch.permute({0, 3, 1, 2});
}

}  // namespace octet
