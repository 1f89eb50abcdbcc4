#include "adapt/site_images.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/log.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr size_t kFewestImages = 15;           // of a part of the images
constexpr int64_t kMostBytes = 1'000'000'000;  // of images in memory

// The first half gives the ranges. Neighbours in time look alike, so they stay together.
SiteImages halves_of(const Dataset& all) {
  SiteImages images{.fit = all, .judge = all};
  const auto half = static_cast<std::ptrdiff_t>(all.samples.size() / 2);
  images.fit.samples.erase(images.fit.samples.begin() + half, images.fit.samples.end());
  images.judge.samples.erase(images.judge.samples.begin(), images.judge.samples.begin() + half);
  return images;
}

bool share_an_image(const Dataset& a, const Dataset& b) {
  std::set<fs::path> files;
  for (const Sample& sample : a.samples) files.insert(fs::weakly_canonical(sample.image));
  return std::any_of(b.samples.begin(), b.samples.end(), [&](const Sample& sample) {
    return files.contains(fs::weakly_canonical(sample.image));
  });
}

// Those of two origins. Where they share an image, one half of those that judge gives the ranges.
SiteImages parted(Dataset fit, Dataset judge, const std::string& name) {
  SiteImages images{.fit = std::move(fit), .judge = std::move(judge)};
  const bool labels = has_labels(images.judge);
  if (share_an_image(images.fit, images.judge)) {
    log_warning(
        "{}: some images would both give ranges and judge; one half of the latter gives them",
        name);
    images = halves_of(images.judge);
  }
  images.labels = labels;
  return images;
}

// Labels count where a dataset has a part to evaluate with. Those of 'live --collect' are the
// model's own detections.
SiteImages all_images(const fs::path& folder, const fs::path& data, const std::string& name) {
  if (!folder.empty() && !data.empty())
    return parted(read_unlabelled(folder), read_dataset(data, {.split = "val"}), name);
  const fs::path& only = data.empty() ? folder : data;
  if (is_image_folder(only)) return halves_of(read_unlabelled(only));
  if (!has_part(only, "val")) return halves_of(read_dataset(only, {.split = "train"}));
  return parted(read_dataset(only, {.split = "train"}), read_dataset(only, {.split = "val"}), name);
}

}  // namespace

std::string site_images_name(const fs::path& folder, const fs::path& data) {
  if (folder.empty() || data.empty()) return folder.empty() ? data.string() : folder.string();
  return folder.string() + ", " + data.string();
}

SiteImages site_images(const fs::path& folder, const fs::path& data, int most) {
  const std::string name = site_images_name(folder, data);
  SiteImages images = all_images(folder, data, name);
  images.fit = evenly(images.fit, most);
  for (Dataset* part : {&images.fit, &images.judge}) {
    leave_out_unreadable(*part, false);
    if (part->samples.size() < kFewestImages)
      fail("{}: has {} images to {}; at least {} are needed", name, part->samples.size(),
           part == &images.fit ? "measure ranges on" : "evaluate with", kFewestImages);
  }
  return images;
}

int images_in_memory(int wanted, Size size) {
  const int64_t bytes = std::max<int64_t>(1, int64_t{3} * size.width * size.height);
  return static_cast<int>(std::min<int64_t>(wanted, kMostBytes / bytes));
}

}  // namespace octet
