#include "app/octet_train/training_data.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/text/count_text.h"
#include "train/prune/teacher_labels.h"

namespace octet {
namespace {

DatasetParts read_images(const std::string& folder, const Model& labeller) {
  Dataset all = read_unlabelled(folder);
  all.names = labeller.info.names;
  all.keypoints = labeller.info.head.keypoints;
  all.keypoint_dims = labeller.info.head.keypoint_dims;
  all.flip_index = labeller.info.flip_index;
  return tenth_apart(std::move(all), folder);
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

TrainingData read_training_data(const std::string& file, bool strict, const Model* labeller,
                                const std::vector<std::string>& model_names) {
  const bool unlabelled = labeller != nullptr && is_image_folder(file);
  DatasetParts parts =
      unlabelled ? read_images(file, *labeller) : read_parts(file, strict, model_names);
  return {.training = std::move(parts.training), .validation = std::move(parts.validation)};
}

void complete(TrainingData& data, const std::string& file, bool strict, const Model* labeller,
              const SizeOption& size) {
  for (auto [part, name] : {std::pair{&data.training, "train"}, {&data.validation, "val"}}) {
    const std::string what = fmt::format("{}: {}", file, name);
    leave_out_unreadable(*part, strict);
    if (labeller == nullptr) {
      require_labels(*part, what);
    } else if (label_where_missing(*part, *labeller, size, what)) {
      data.truth_of_model |= part == &data.validation;
    }
  }
  require_keypoints(data.validation, file + ": val");
  report_labels(data.training);
}

}  // namespace octet
