#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset_readers.h"

namespace octet {
namespace fs = std::filesystem;
namespace {
using nlohmann::json;

// Category id → class index: by name where the model knows the names, else in the order of the ids.
std::map<int64_t, int> map_categories(const json& root, const std::vector<std::string>& model_names,
                                      const std::string& name) {
  std::map<int64_t, std::string> categories;
  for (const json& c : root.at("categories"))
    categories[c.at("id").get<int64_t>()] = c.at("name").get<std::string>();
  std::map<int64_t, int> classes;
  for (const auto& [id, text] : categories) {
    const auto found = std::find(model_names.begin(), model_names.end(), text);
    if (found != model_names.end()) classes[id] = static_cast<int>(found - model_names.begin());
  }
  if (!classes.empty() && classes.size() < categories.size()) {
    log_warning("{}: {} of {} categories are not classes of the model; their objects are left out",
                name, categories.size() - classes.size(), categories.size());
  }
  if (!classes.empty()) return classes;
  if (!model_names.empty() && model_names.size() != categories.size()) {
    fail("{}: its {} categories are not the model's {} classes", name, categories.size(),
         model_names.size());
  }
  for (const auto& [id, text] : categories) classes.emplace(id, static_cast<int>(classes.size()));
  return classes;
}

TruthObject read_object(const json& a, int class_index, int& keypoints) {
  const json& b = a.at("bbox");
  const double x = b.at(0).get<double>();
  const double y = b.at(1).get<double>();
  const double w = b.at(2).get<double>();
  const double h = b.at(3).get<double>();
  TruthObject o{.class_index = class_index,
                .box = {x, y, x + w, y + h},
                .box_area = a.value("area", w * h),
                .keypoint_area = a.value("area", 0.53 * w * h),
                .crowd = a.value("iscrowd", 0) != 0,
                .keypoints = {}};
  if (a.contains("keypoints")) {
    const json& k = a.at("keypoints");
    for (size_t i = 0; i + 2 < k.size(); i += 3) {
      o.keypoints.push_back({.x = k[i].get<double>(),
                             .y = k[i + 1].get<double>(),
                             .visibility = k[i + 2].get<int>()});
    }
    keypoints = std::max(keypoints, static_cast<int>(o.keypoints.size()));
  }
  return o;
}

fs::path find_folder(const fs::path& json_file, const DatasetOptions& options,
                     const std::string& first) {
  if (!options.images.empty()) return options.images;
  const fs::path beside = json_file.parent_path();
  for (const fs::path& folder :
       {beside, beside / "images", beside.parent_path(), beside.parent_path() / "images"}) {
    if (fs::exists(folder / first)) return folder;
  }
  fail("{}: its picture {} is not found; say where they are with --images DIR", json_file.string(),
       first);
}

}  // namespace

Dataset read_coco_dataset(const fs::path& path, const DatasetOptions& options) {
  const std::string name = path.string();
  try {
    const json root = json::parse(read_text_file(path));
    const auto classes = map_categories(root, options.model_names, name);
    Dataset out{.names = options.model_names};
    std::map<int64_t, size_t> index;
    const json& images = root.at("images");
    if (images.empty()) fail("{}: lists no images", name);
    const fs::path folder =
        find_folder(path, options, images[0].at("file_name").get<std::string>());
    for (const json& i : images) {
      index[i.at("id").get<int64_t>()] = out.samples.size();
      out.samples.push_back({.image = folder / i.at("file_name").get<std::string>(),
                             .relative = false,
                             .objects = {}});
    }
    for (const json& a : root.at("annotations")) {
      const auto image = index.find(a.at("image_id").get<int64_t>());
      const auto cls = classes.find(a.at("category_id").get<int64_t>());
      if (image == index.end() || cls == classes.end()) continue;
      out.samples[image->second].objects.push_back(read_object(a, cls->second, out.keypoints));
    }
    out.keypoint_dims = out.keypoints > 0 ? 3 : 0;
    if (out.names.empty()) {
      for (const json& c : root.at("categories"))
        out.names.push_back(c.at("name").get<std::string>());
    }
    return out;
  } catch (const json::exception& e) {
    fail("{}: is not COCO JSON: {}", name, e.what());
  }
}

Dataset read_dataset(const fs::path& path, const DatasetOptions& options) {
  require_file(path);
  const std::string extension = path.extension().string();
  if (extension == ".json") return read_coco_dataset(path, options);
  if (extension == ".yaml" || extension == ".yml") return read_yolo_dataset(path, options.split);
  fail("{}: a dataset is expected as data.yaml or COCO .json", path.string());
}

}  // namespace octet
