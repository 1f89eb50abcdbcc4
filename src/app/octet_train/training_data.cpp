#include "app/octet_train/training_data.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "core/error.h"
#include "core/log.h"
#include "core/text/count_text.h"
#include "train/prune/teacher_labels.h"

namespace octet {
namespace {

bool is_unlabelled(const std::string& file) {
  return std::filesystem::is_directory(file) &&
         !std::filesystem::exists(std::filesystem::path(file) / "data.yaml");
}

TrainingData read_images(const std::string& folder, const Model& labeller) {
  constexpr size_t kValidated = 10;  // one of so many images
  Dataset all = read_unlabelled(folder);
  if (all.samples.size() < 2) fail("{}: has one image; at least two are needed", folder);
  TrainingData data;
  for (size_t i = 0; i < all.samples.size(); ++i)
    (i % kValidated == 0 ? data.validation : data.training).samples.push_back(all.samples[i]);
  for (Dataset* part : {&data.training, &data.validation}) {
    part->names = labeller.info.names;
    part->keypoints = labeller.info.head.keypoints;
    part->keypoint_dims = labeller.info.head.keypoint_dims;
    part->flip_index = labeller.info.flip_index;
  }
  return data;
}

// What the labels hold, and what is worth knowing about them before hours are spent.
void report_labels(const Dataset& data) {
  std::vector<int64_t> objects(data.names.size(), 0);
  int64_t empty = 0;
  for (const Sample& s : data.samples) {
    empty += s.objects.empty();
    for (const TruthObject& o : s.objects) ++objects[static_cast<size_t>(o.class_index)];
  }
  log_info("labels: {}, {}, {} without labels",
           counted(static_cast<int64_t>(data.samples.size()), "image"),
           counted(std::accumulate(objects.begin(), objects.end(), int64_t{0}), "object"),
           counted(empty, "image"));
  constexpr size_t kListed = 10;
  std::vector<std::string> absent;
  for (size_t c = 0; c < objects.size(); ++c) {
    if (objects[c] == 0) absent.push_back(data.names[c]);
  }
  if (!absent.empty() && absent.size() < objects.size()) {
    log_warning(
        "{} of {} classes have no label: {}{}", absent.size(), objects.size(),
        fmt::join(absent.begin(),
                  absent.begin() + static_cast<std::ptrdiff_t>(std::min(absent.size(), kListed)),
                  ", "),
        absent.size() > kListed ? ", …" : "");
  }
}

}  // namespace

TrainingData read_training_data(const std::string& file, bool strict, const Model* labeller) {
  if (labeller != nullptr && is_unlabelled(file)) return read_images(file, *labeller);
  return {.training = read_dataset(file, {.split = "train", .strict = strict}),
          .validation = read_dataset(file, {.split = "val", .strict = strict})};
}

void complete(TrainingData& data, const std::string& file, bool strict, const Model* labeller,
              const SizeOption& size) {
  for (auto [part, name] : {std::pair{&data.training, "train"}, {&data.validation, "val"}}) {
    leave_out_unreadable(*part, strict);
    if (labeller == nullptr || !label_where_missing(*part, *labeller, size, file + ": " + name))
      continue;
    data.truth_of_model |= part == &data.validation;
  }
  report_labels(data.training);
}

}  // namespace octet
