#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/log.h"
#include "eval/dataset/dataset_readers.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr size_t kOneOf = 10;  // images, of which one is for validation

bool is_yaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is none
  return fs::is_directory(path, ignored);
}

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files = list_folder(folder);
  std::erase_if(files, [](const fs::path& file) { return !is_yaml(file); });
  return files;
}

// Of a folder its data.yaml, or its only YAML file.
fs::path dataset_file(const fs::path& path) {
  if (!is_folder(path)) return path;
  std::error_code ignored;
  if (fs::is_regular_file(path / "data.yaml", ignored)) return path / "data.yaml";
  const std::vector<fs::path> files = yaml_files(path);
  if (files.size() == 1) return files.front();
  fail("{}: is a folder without a data.yaml; name the file of the dataset", path.string());
}

// Pictures that were trained on are found more easily than others.
void warn_of_shared(const DatasetParts& parts, const std::string& name) {
  std::set<fs::path> trained;
  for (const Sample& s : parts.training.samples) trained.insert(s.image);
  const std::vector<Sample>& judged = parts.validation.samples;
  const auto shared = std::count_if(judged.begin(), judged.end(),
                                    [&](const Sample& s) { return trained.contains(s.image); });
  if (shared > 0)
    log_warning(
        "{}: {} of the {} images of val are in train as well; the mAP of new images will be lower",
        name, shared, judged.size());
}

}  // namespace

bool is_image_folder(const fs::path& path) { return is_folder(path) && yaml_files(path).empty(); }

Dataset read_dataset(const fs::path& given, const DatasetOptions& options) {
  const fs::path path = dataset_file(given);
  require_file(path);
  if (path.extension() == ".json") return read_coco_dataset(path, options);
  if (is_yaml(path)) return read_yolo_dataset(path, options);
  fail("{}: a dataset is expected as data.yaml or COCO .json", path.string());
}

bool has_part(const fs::path& given, const std::string& split) {
  const fs::path path = dataset_file(given);
  require_file(path);
  return !is_yaml(path) || names_part(path, split);
}

DatasetParts tenth_apart(Dataset all, const std::string& name) {
  if (all.samples.size() < 2) fail("{}: has one image; at least two are needed", name);
  DatasetParts parts{.training = evenly(all, 0), .validation = evenly(all, 0)};
  parts.training.skipped = all.skipped;
  for (size_t i = 0; i < all.samples.size(); ++i) {
    Dataset& part = i % kOneOf == 0 ? parts.validation : parts.training;
    part.samples.push_back(std::move(all.samples[i]));
  }
  return parts;
}

void require_class_order(const Dataset& data, const std::vector<std::string>& model_names,
                         const std::string& name) {
  const auto [own, other] =
      std::mismatch(data.names.begin(), data.names.end(), model_names.begin(), model_names.end());
  const auto sorted = [](std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
  };
  if (own == data.names.end() || sorted(data.names) != sorted(model_names)) return;
  fail(
      "{}: has the model's classes in another order: class {} is {} here, and {} in the model; "
      "give the dataset of this model",
      name, own - data.names.begin(), *own, *other);
}

DatasetParts read_parts(const fs::path& path, bool strict,
                        const std::vector<std::string>& model_names) {
  Dataset training =
      read_dataset(path, {.split = "train", .model_names = model_names, .strict = strict});
  if (path.extension() != ".json") {
    DatasetParts parts{.training = std::move(training),
                       .validation = read_dataset(path, {.split = "val", .strict = strict})};
    warn_of_shared(parts, path.string());
    return parts;
  }
  log_info("{}: has no parts; every {}th image is for validation", path.string(), kOneOf);
  return tenth_apart(std::move(training), path.string());
}

}  // namespace octet
