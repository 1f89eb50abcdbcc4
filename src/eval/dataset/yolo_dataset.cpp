#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/budget.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/yaml/yaml_text.h"
#include "eval/dataset/dataset.h"
#include "eval/dataset/dataset_readers.h"
#include "media/image/image_io.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr double kKeypointAreaShare =
    0.53;  // of the box: COCO's mean, used where labels carry no area
constexpr double kSlack =
    0.01;  // labels written with few digits may leave the picture by this much
constexpr size_t kListedBytes = 200;                 // of a picture's path that a .txt list names
constexpr size_t kMaxLabelBytes = size_t{16} << 20;  // of one picture's labels
constexpr int kMaxLabels = 100'000;                  // lines of one picture's labels
constexpr size_t kMaxLineBytes = size_t{256} << 10;  // of one label: a thousand keypoints and more

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

double parse_number(std::string_view word, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value))
    fail("{}: '{}' is not a number", where, word);
  return value;
}

TruthObject parse_label(const std::vector<std::string_view>& words, const LabelFormat& format,
                        const std::string& where) {
  const size_t expected = 5 + static_cast<size_t>(format.keypoints) * format.keypoint_dims;
  if (words.size() != expected) {
    fail("{}: {} numbers; {} are expected (class, x, y, width, height{})", where, words.size(),
         expected, format.keypoints > 0 ? ", keypoints" : "");
  }
  std::vector<double> v;
  for (const std::string_view word : words) v.push_back(parse_number(word, where));
  if (v[0] != std::floor(v[0]) || v[0] < 0 || v[0] >= static_cast<double>(format.classes)) {
    fail("{}: class {} is not one of 0 to {}; check names in data.yaml", where, v[0],
         format.classes - 1);
  }
  const bool inside = v[1] >= -kSlack && v[1] <= 1 + kSlack && v[2] >= -kSlack &&
                      v[2] <= 1 + kSlack && v[3] <= 1 + kSlack && v[4] <= 1 + kSlack;
  if (!inside)
    fail("{}: the box ({}, {}, {}, {}) lies outside the picture; values are fractions of its sides",
         where, v[1], v[2], v[3], v[4]);
  if (v[3] <= 0 || v[4] <= 0) fail("{}: the box has no size ({} x {})", where, v[3], v[4]);
  TruthObject object{.class_index = static_cast<int>(v[0]),
                     .box = {v[1] - v[3] / 2, v[2] - v[4] / 2, v[1] + v[3] / 2, v[2] + v[4] / 2},
                     .box_area = v[3] * v[4],
                     .keypoint_area = kKeypointAreaShare * v[3] * v[4],
                     .keypoints = {}};
  for (int k = 0; k < format.keypoints; ++k) {
    const double* p = &v[5 + static_cast<size_t>(k) * format.keypoint_dims];
    int visibility = p[0] > 0 || p[1] > 0 ? 2 : 0;
    if (format.keypoint_dims == 3) {
      if (p[2] != 0 && p[2] != 1 && p[2] != 2) {
        fail("{}: keypoint {} has the visibility {}; 0, 1 or 2 is expected", where, k, p[2]);
      }
      visibility = static_cast<int>(p[2]);
    }
    object.keypoints.push_back({.x = p[0], .y = p[1], .visibility = visibility});
  }
  return object;
}

// ---- data.yaml

std::vector<fs::path> pictures_in(const fs::path& entry, const std::string& name) {
  std::error_code ignored;  // what cannot be looked at is neither of both
  if (fs::is_directory(entry, ignored)) return files_below(entry, has_image_extension);
  if (!fs::is_regular_file(entry, ignored) || entry.extension() != ".txt")
    fail("{}: {} is neither a folder nor a .txt list", name, entry.string());
  std::vector<fs::path> files;
  const std::string text = read_text_file(entry);
  Budget budget(entry.string(), text.size());
  for (const std::string_view line : split(text, "\r\n")) {
    budget.take(kListedBytes);
    const fs::path file(line);
    files.push_back(file.is_absolute() ? file : entry.parent_path() / file);
  }
  return files;
}

// A picture without a label file is background. Whatever else lies at its name is an Error.
std::vector<TruthObject> read_labels(const fs::path& path, const LabelFormat& format) {
  std::error_code ignored;
  if (fs::status(path, ignored).type() == fs::file_type::not_found) return {};
  return parse_labels(read_text_file(path, kMaxLabelBytes), format, path.string());
}

void read_keypoints(const YAML::Node& yaml, Dataset& out, const std::string& name) {
  const YAML::Node shape = yaml["kpt_shape"];
  if (!shape) return;
  if (!shape.IsSequence() || shape.size() != 2)
    fail("{}: kpt_shape is expected as [count, 2 or 3]", name);
  out.keypoints = shape[0].as<int>();
  out.keypoint_dims = shape[1].as<int>();
  if (out.keypoints < 1 || out.keypoints > 1000 || out.keypoint_dims < 2 || out.keypoint_dims > 3) {
    fail("{}: kpt_shape [{}, {}] is not supported", name, out.keypoints, out.keypoint_dims);
  }
  if (const YAML::Node flip = yaml["flip_idx"]) out.flip_index = flip.as<std::vector<int>>();
}

std::vector<fs::path> split_pictures(const YAML::Node& yaml, const fs::path& path,
                                     const std::string& split_name) {
  fs::path root = path.parent_path();
  if (yaml["path"] && yaml["path"].IsScalar())
    root = root / yaml["path"].as<std::string>();  // an absolute path replaces it
  const YAML::Node node = yaml[split_name];
  if (!node || node.IsNull()) fail("{}: has no '{}'", path.string(), split_name);
  const auto entries =
      node.IsSequence() ? node.as<std::vector<std::string>>() : std::vector{node.as<std::string>()};
  std::set<fs::path> folders, files;  // what is named twice is looked at once
  for (const std::string& entry : entries) folders.insert((root / entry).lexically_normal());
  for (const fs::path& entry : folders) {
    for (auto& file : pictures_in(entry, path.string())) files.insert(file.lexically_normal());
  }
  if (files.empty())
    fail("{}: '{}' has no pictures ({})", path.string(), split_name, fmt::join(entries, ", "));
  return {files.begin(), files.end()};
}

// All that is wrong with the labels at once, so that it can be mended at once.
void fail_for(const std::vector<std::string>& wrong, const std::string& name) {
  constexpr size_t kListed = 20;
  if (wrong.empty()) return;
  if (wrong.size() == 1) fail("{}", wrong.front());
  const size_t listed = std::min(wrong.size(), kListed);
  fail("{}: {} label files are wrong:\n  {}{}", name, wrong.size(),
       fmt::join(wrong.begin(), wrong.begin() + static_cast<std::ptrdiff_t>(listed), "\n  "),
       wrong.size() > listed ? fmt::format("\n  and {} more", wrong.size() - listed) : "");
}

}  // namespace

std::vector<TruthObject> parse_labels(std::string_view text, const LabelFormat& format,
                                      const std::string& name) {
  std::vector<TruthObject> objects;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (++number > kMaxLabels)
      fail("{}: has more than {} lines; one object of the picture is expected in each", name,
           kMaxLabels);
    if (end > kMaxLineBytes)
      fail("{}: line {}: has {} bytes, which no label has", name, number, end);
    const auto words = split(text.substr(0, end), " \t\r");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!words.empty())
      objects.push_back(parse_label(words, format, fmt::format("{}: line {}", name, number)));
  }
  return objects;
}

fs::path label_path(const fs::path& image) {
  fs::path out = image;
  out.replace_extension(".txt");
  const std::string text = out.string();
  const size_t at = text.rfind("/images/");
  if (at != std::string::npos) return text.substr(0, at) + "/labels/" + text.substr(at + 8);
  return text.starts_with("images/") ? fs::path("labels/" + text.substr(7)) : out;
}

Dataset read_yolo_dataset(const fs::path& path, const std::string& split_name) {
  const std::string name = path.string();
  const YAML::Node yaml = load_yaml(read_text_file(path), name);
  if (!yaml.IsMap()) fail("{}: is not a data.yaml (a map with names, train, val)", name);
  try {
    Dataset out;
    out.names = names_from_yaml(yaml["names"], name);
    read_keypoints(yaml, out, name);
    const LabelFormat format{.classes = out.names.size(),
                             .keypoints = out.keypoints,
                             .keypoint_dims = out.keypoint_dims};
    std::vector<std::string> wrong;
    for (const fs::path& image : split_pictures(yaml, path, split_name)) {
      Sample sample{.image = image, .relative = true, .objects = {}};
      try {
        sample.objects = read_labels(label_path(image), format);
      } catch (const Error& e) {
        wrong.emplace_back(e.what());
      }
      out.samples.push_back(std::move(sample));
    }
    fail_for(wrong, name);
    return out;
  } catch (const YAML::Exception& e) {
    fail("{}: {}", name, e.what());
  }
}

std::vector<TruthObject> objects_in_pixels(const Sample& sample, Size picture) {
  std::vector<TruthObject> objects = sample.objects;
  if (!sample.relative) return objects;
  const double w = picture.width;
  const double h = picture.height;
  for (TruthObject& o : objects) {
    o.box = {o.box.x1 * w, o.box.y1 * h, o.box.x2 * w, o.box.y2 * h};
    o.box_area *= w * h;
    o.keypoint_area *= w * h;
    for (auto& p : o.keypoints) {
      p.x *= w;
      p.y *= h;
    }
  }
  return objects;
}

}  // namespace octet
