#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/json/parse_json.h"
#include "core/log.h"
#include "eval/dataset/dataset_readers.h"

namespace octet {
namespace fs = std::filesystem;
namespace {
using nlohmann::json;

constexpr double kMaxCoordinate = 1e6;  // pixels; beyond it a picture cannot lie

// A whole number that fits. Throws json::exception for what is no number.
std::optional<int64_t> whole(const json& j) {
  if (j.is_number_float()) return std::nullopt;
  if (j.is_number_unsigned() && j.get<uint64_t>() > std::numeric_limits<int64_t>::max())
    return std::nullopt;
  return j.get<int64_t>();
}

// A coordinate, a side, an area. Throws as above.
std::optional<double> number(const json& j, double most = kMaxCoordinate) {
  const auto value = j.get<double>();
  return std::isfinite(value) && std::abs(value) <= most ? std::optional(value) : std::nullopt;
}

// Why entries of the file are left out.
enum class Reason { kId, kDuplicate, kBox, kOutside, kKeypoints };
constexpr std::array<std::string_view, 5> kReasons = {
    "have an id that is not a whole number", "are there twice",
    "have a box with a negative side or a number beyond all images", "lie outside their image",
    "have keypoints that are not three numbers each"};

// The reader of one file: what cannot be used is passed by, counted, and said once.
class CocoReader {
 public:
  CocoReader(const json& root, const DatasetOptions& options, const fs::path& path, Budget& budget)
      : root_(root), options_(options), path_(path), budget_(budget), name_(budget.name()) {}

  Dataset read() {
    read_categories();
    read_images();
    for (const json& a : root_.at("annotations")) read_annotation(a);
    out_.keypoint_dims = out_.keypoints > 0 ? 3 : 0;
    complete_keypoints();
    for (size_t i = 0; i < kReasons.size(); ++i) {
      if (skipped_[i] > 0)
        log_warning("{}: {} of its entries {}; they are left out", name_, skipped_[i], kReasons[i]);
    }
    return std::move(out_);
  }

 private:
  struct Image {
    size_t sample = 0;
    double width = kMaxCoordinate, height = kMaxCoordinate;
  };
  using ObjectKey = std::tuple<int64_t, int64_t, int64_t, double, double, double, double>;

  void skip(Reason reason) { ++skipped_[static_cast<size_t>(reason)]; }

  // The entry's id; nothing, and it is counted, where there is no sound one.
  std::optional<int64_t> id(const json& entry, const char* key) {
    const auto found = whole(entry.at(key));
    if (!found) skip(Reason::kId);
    return found;
  }

  // Category id → class index: by name where the model knows the names, else in the order of the
  // ids. Names and numbers of classes come from one list, which is sorted.
  void read_categories() {
    std::map<int64_t, std::string> categories;
    for (const json& c : root_.at("categories")) {
      auto text = c.at("name").get<std::string>();
      const auto key = id(c, "id");
      if (key && !categories.emplace(*key, std::move(text)).second) skip(Reason::kDuplicate);
    }
    if (!options_.model_names.empty()) out_.names = options_.model_names;
    match_names(categories);
    if (!classes_.empty()) return;
    if (!options_.model_names.empty() && options_.model_names.size() != categories.size())
      fail("{}: its {} categories are not the model's {} classes", name_, categories.size(),
           options_.model_names.size());
    if (!options_.model_names.empty())
      log_warning(
          "{}: none of its categories has the name of a class of the model; they are taken for the "
          "model's classes in the order of their ids",
          name_);
    for (const auto& [key, text] : categories) {
      if (options_.model_names.empty()) out_.names.push_back(budget_.copy(text));
      classes_.emplace(key, static_cast<int>(classes_.size()));
    }
  }

  void match_names(const std::map<int64_t, std::string>& categories) {
    std::unordered_map<std::string_view, int> known;
    int index = 0;
    for (const std::string& model_name : options_.model_names) known.emplace(model_name, index++);
    for (const auto& [key, text] : categories) {
      const auto found = known.find(text);
      if (found != known.end()) classes_[key] = found->second;
    }
    if (!classes_.empty() && classes_.size() < categories.size())
      log_warning(
          "{}: {} of {} categories are not classes of the model; their objects are left out", name_,
          categories.size() - classes_.size(), categories.size());
  }

  void read_images() {
    const json& images = root_.at("images");
    if (images.empty()) fail("{}: lists no images", name_);
    const fs::path folder = find_folder(images[0].at("file_name").get<std::string>());
    for (const json& i : images) {
      const auto key = id(i, "id");
      if (!key) continue;
      Image image{.sample = out_.samples.size()};
      if (i.contains("width")) image.width = number(i.at("width")).value_or(image.width);
      if (i.contains("height")) image.height = number(i.at("height")).value_or(image.height);
      if (!images_.emplace(*key, image).second) {
        skip(Reason::kDuplicate);
        continue;
      }
      out_.samples.push_back({.image = folder / i.at("file_name").get<std::string>(),
                              .relative = false,
                              .objects = {}});
    }
    if (images_.empty()) fail("{}: none of its images has an id that is a whole number", name_);
  }

  fs::path find_folder(const std::string& first) const {
    if (!options_.images.empty()) return options_.images;
    const fs::path beside = path_.parent_path();
    std::error_code ignored;
    for (const fs::path& folder :
         {beside, beside / "images", beside.parent_path(), beside.parent_path() / "images"}) {
      if (fs::exists(folder / first, ignored)) return folder;
    }
    fail("{}: its image {} is not found; say where they are with --images DIR", name_, first);
  }

  void read_annotation(const json& a) {
    const auto image_id = id(a, "image_id");
    const auto category = image_id ? id(a, "category_id") : std::nullopt;
    if (!category) return;
    const auto image = images_.find(*image_id);
    const auto cls = classes_.find(*category);
    if (image == images_.end() || cls == classes_.end()) return;
    auto object = read_object(a, cls->second, image->second);
    if (!object || !is_new(a, *image_id, *category, object->box)) return;
    budget_.take(sizeof(TruthObject) + object->keypoints.size() * sizeof(TruthObject::Point));
    out_.keypoints = std::max(out_.keypoints, static_cast<int>(object->keypoints.size()));
    out_.samples[image->second.sample].objects.push_back(std::move(*object));
  }

  // Objects that have no id of their own are never the same.
  bool is_new(const json& a, int64_t image, int64_t category, const TruthBox& box) {
    if (!a.contains("id")) return true;
    const auto own = id(a, "id");
    if (!own) return false;
    budget_.take(2 * sizeof(ObjectKey));
    const bool added = seen_.emplace(*own, image, category, box.x1, box.y1, box.x2, box.y2).second;
    if (!added) skip(Reason::kDuplicate);
    return added;
  }

  std::optional<TruthObject> read_object(const json& a, int class_index, const Image& image) {
    const json& b = a.at("bbox");
    const auto x = number(b.at(0)), y = number(b.at(1)), w = number(b.at(2)), h = number(b.at(3));
    const auto area = a.contains("area") ? number(a.at("area"), kMaxCoordinate * kMaxCoordinate)
                                         : std::optional(w.value_or(0) * h.value_or(0));
    if (!x || !y || !w || !h || *w < 0 || *h < 0 || !area || *area < 0) {
      skip(Reason::kBox);
      return std::nullopt;
    }
    if (*x >= image.width || *y >= image.height || *x + *w < 0 || *y + *h < 0) {
      skip(Reason::kOutside);
      return std::nullopt;
    }
    TruthObject o{.class_index = class_index,
                  .box = {*x, *y, *x + *w, *y + *h},
                  .box_area = *area,
                  .keypoint_area = a.contains("area") ? *area : 0.53 * *w * *h,
                  .crowd = a.contains("iscrowd") && a.at("iscrowd").get<double>() != 0,
                  .keypoints = {}};
    if (a.contains("num_keypoints"))
      o.labelled_keypoints =
          static_cast<int>(number(a.at("num_keypoints")).value_or(TruthObject::kCounted));
    if (a.contains("keypoints") && !read_keypoints(a.at("keypoints"), o)) {
      skip(Reason::kKeypoints);
      return std::nullopt;
    }
    return o;
  }

  // Objects without keypoints have as many as the others, of which none is labelled: such a person is
  // ignored, and what is found there is no mistake.
  void complete_keypoints() {
    for (Sample& sample : out_.samples) {
      for (TruthObject& o : sample.objects) {
        const auto wanted = static_cast<size_t>(out_.keypoints);
        budget_.take((wanted - o.keypoints.size()) * sizeof(TruthObject::Point));
        o.keypoints.resize(wanted);
      }
    }
  }

  static bool read_keypoints(const json& k, TruthObject& o) {
    o.keypoints.reserve(k.size() / 3);
    for (size_t i = 0; i + 2 < k.size(); i += 3) {
      const auto x = number(k[i]), y = number(k[i + 1]), visibility = number(k[i + 2], 2);
      if (!x || !y || !visibility) return false;
      o.keypoints.push_back({.x = *x, .y = *y, .visibility = static_cast<int>(*visibility)});
    }
    return true;
  }

  const json& root_;
  const DatasetOptions& options_;
  const fs::path& path_;
  Budget& budget_;
  const std::string& name_;
  Dataset out_;
  std::map<int64_t, int> classes_;  // by category
  std::map<int64_t, Image> images_;
  std::set<ObjectKey> seen_;
  std::array<int64_t, kReasons.size()> skipped_{};
};

}  // namespace

Dataset parse_coco_dataset(std::string_view text, const fs::path& path,
                           const DatasetOptions& options) {
  Budget budget(path.string(), text.size());
  try {
    const json root = parse_json(text, budget);
    return CocoReader(root, options, path, budget).read();
  } catch (const json::exception& e) {
    fail("{}: is not COCO JSON: {}", path.string(), e.what());
  }
}

Dataset read_coco_dataset(const fs::path& path, const DatasetOptions& options) {
  return parse_coco_dataset(read_text_file(path), path, options);
}

}  // namespace octet
