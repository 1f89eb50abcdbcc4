#include "train/data/batch_loader.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "media/image/image_io.h"

namespace octet {
namespace {

constexpr size_t kAhead = 2;

bool happens(Random& random, double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random) < probability;
}

}  // namespace

BatchLoader::BatchLoader(const Dataset& data, const LoaderOptions& options)
    : data_(data), options_(options) {
  const double bytes = 3.0 * options.side * options.side * static_cast<double>(pictures());
  if (bytes > options.cache_gb * 1e9) return;
  Progress progress(pictures(), "reading images");
  for (size_t i = 0; i < data.samples.size(); ++i) {
    if (stop_requested()) fail("interrupted while reading images");
    pictures_.push_back(read(i));
    progress.update(static_cast<int64_t>(pictures_.size()));
  }
}

LabelledPicture BatchLoader::read(size_t index) const {
  const Sample& sample = data_.samples[index];
  LabelledPicture picture{.image = read_image(sample.image), .objects = {}};
  picture.objects = objects_in_pixels(sample, picture.image.size());
  return scale_to_side(picture, options_.side);
}

int64_t BatchLoader::batches() const { return (pictures() + options_.batch - 1) / options_.batch; }

void BatchLoader::begin_epoch(int64_t epoch, bool mosaic, int64_t first_batch) {
  ahead_.clear();
  epoch_ = epoch;
  mosaic_ = mosaic;
  next_ = first_batch;
  order_.resize(data_.samples.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  Random random = generator(options_.seed, epoch, data_.samples.size());
  std::shuffle(order_.begin(), order_.end(), random);
  prefetch();
}

void BatchLoader::prefetch() {
  while (ahead_.size() < kAhead && next_ < batches()) {
    ahead_.push_back(
        std::async(std::launch::async, [this, index = next_++] { return make_batch(index); }));
  }
}

std::optional<Batch> BatchLoader::next() {
  if (ahead_.empty()) return std::nullopt;
  Batch batch = ahead_.front().get();
  ahead_.pop_front();
  prefetch();
  return batch;
}

// One picture, or four as a mosaic, scaled and shifted.
LabelledPicture BatchLoader::compose(size_t own, Random& random) const {
  LabelledPicture composed;
  if (mosaic_ && happens(random, options_.augment.mosaic)) {
    std::vector<LabelledPicture> four{picture(own)};
    std::uniform_int_distribution<size_t> any(0, data_.samples.size() - 1);
    while (four.size() < 4) four.push_back(picture(any(random)));
    composed = make_mosaic(four, options_.side, random);
  } else {
    composed = picture(own);
  }
  return scale_and_shift(composed, options_.side, options_.augment, random);
}

LabelledPicture BatchLoader::make_picture(size_t position) const {
  Random random = generator(options_.seed, epoch_, position);
  LabelledPicture picture = compose(order_[position], random);
  if (mosaic_ && happens(random, options_.augment.mixup)) {
    std::uniform_int_distribution<size_t> any(0, data_.samples.size() - 1);
    mix(picture, compose(any(random), random), random);
  }
  change_colour(picture.image, options_.augment, random);
  const bool can_mirror = data_.keypoints == 0 || !data_.flip_index.empty();
  if (happens(random, options_.augment.mirror) && can_mirror) mirror(picture, data_.flip_index);
  return picture;
}

Batch BatchLoader::make_batch(int64_t index) const {
  const auto first = static_cast<size_t>(index * options_.batch);
  const size_t count = std::min(static_cast<size_t>(options_.batch), data_.samples.size() - first);
  const int64_t side = options_.side;
  Batch batch{.image = torch::empty({static_cast<int64_t>(count), side, side, 3}, torch::kByte),
              .targets = {}};
  std::vector<int64_t> image;
  std::vector<int64_t> cls;
  std::vector<float> boxes;
  std::vector<float> points;
  for (size_t i = 0; i < count; ++i) {
    const LabelledPicture picture = make_picture(first + i);
    std::memcpy(batch.image[static_cast<int64_t>(i)].data_ptr<uint8_t>(), picture.image.rgb.data(),
                picture.image.rgb.size());
    for (const TruthObject& o : picture.objects) {
      if (o.crowd) continue;  // many objects, of which nobody drew the boxes
      image.push_back(static_cast<int64_t>(i));
      cls.push_back(o.class_index);
      const TruthBox& b = o.box;
      for (const double v : {(b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2, b.x2 - b.x1, b.y2 - b.y1})
        boxes.push_back(static_cast<float>(v / static_cast<double>(side)));
      for (const auto& p : o.keypoints) {
        points.insert(points.end(), {static_cast<float>(p.x / static_cast<double>(side)),
                                     static_cast<float>(p.y / static_cast<double>(side)),
                                     static_cast<float>(p.visibility)});
      }
    }
  }
  const auto objects = static_cast<int64_t>(image.size());
  batch.image = batch.image.permute({0, 3, 1, 2});
  batch.targets = {.image = torch::tensor(image, torch::kLong),
                   .cls = torch::tensor(cls, torch::kLong),
                   .boxes = torch::tensor(boxes).view({objects, 4}),
                   .keypoints = {}};
  if (data_.keypoints > 0)
    batch.targets.keypoints = torch::tensor(points).view({objects, data_.keypoints, 3});
  return batch;
}

}  // namespace octet
