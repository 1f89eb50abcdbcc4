#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/budget.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/log.h"
#include "core/skipped.h"
#include "core/text/count_text.h"
#include "core/text/split_text.h"
#include "core/yaml/yaml_text.h"
#include "eval/dataset/dataset.h"
#include "eval/dataset/dataset_readers.h"
#include "media/image/image_io.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr size_t kListedBytes = 200;                 // of a picture's path that a .txt list names
constexpr size_t kMaxLabelBytes = size_t{16} << 20;  // of one picture's labels
constexpr int kMaxClasses = 100'000;                 // that 'nc' alone gives

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there
  return fs::exists(path, ignored);
}

// "._a.jpg" of macOS, ".ipynb_checkpoints": copies that nobody labelled.
bool is_hidden(const fs::path& file, const fs::path& folder) {
  const fs::path below = file.lexically_relative(folder);
  return std::any_of(below.begin(), below.end(), [](const fs::path& part) {
    return part.native().starts_with('.') && part != "." && part != "..";
  });
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const size_t end = text.find_last_not_of(" \t");
  return begin == text.size() ? std::string_view() : text.substr(begin, end + 1 - begin);
}

// The pictures of a .txt list. A relative name counts from the list's folder, or else from where octet
// was started.
std::vector<fs::path> listed_pictures(const fs::path& list) {
  std::vector<fs::path> files;
  const std::string text = read_text_file(list);
  Budget budget(list.string(), text.size());
  for (const std::string_view line : split_text(without_byte_order_mark(text), "\r\n")) {
    const fs::path file(trimmed(line));
    if (!has_image_extension(file)) continue;
    budget.take(kListedBytes);
    const fs::path beside = list.parent_path() / file;  // an absolute path stays
    files.push_back(is_there(beside) || !is_there(file) ? beside : file);
  }
  return files;
}

std::vector<fs::path> pictures_in(const fs::path& entry, const std::string& name) {
  std::error_code ignored;  // what cannot be looked at is neither of both
  if (fs::is_directory(entry, ignored)) {
    std::vector<fs::path> files = files_below(entry, has_image_extension);
    std::erase_if(files, [&](const fs::path& file) { return is_hidden(file, entry); });
    return files;
  }
  if (!fs::is_regular_file(entry, ignored) || entry.extension() != ".txt")
    fail("{}: {} is neither a folder nor a .txt list", name, entry.string());
  return listed_pictures(entry);
}

// ---- data.yaml

// Each keypoint's number in a mirrored picture. An empty list is none.
std::vector<int> read_flip_index(const YAML::Node& flip, int keypoints, const std::string& name) {
  std::vector<int> index;
  for (size_t i = 0; flip.IsSequence() && i < flip.size(); ++i) {
    const YAML::Node entry = flip[i];
    int value = -1;
    if (entry.IsScalar() && YAML::convert<int>::decode(entry, value)) index.push_back(value);
  }
  std::vector<bool> seen(static_cast<size_t>(keypoints), false);
  for (const int i : index) {
    if (i >= 0 && i < keypoints) seen[static_cast<size_t>(i)] = true;
  }
  const bool permutation = flip.IsSequence() && index.size() == flip.size() &&
                           index.size() == seen.size() &&
                           std::find(seen.begin(), seen.end(), false) == seen.end();
  if (!permutation && !(flip.IsNull() || (flip.IsSequence() && flip.size() == 0)))
    fail(
        "{}: line {}: 'flip_idx' has to list each of 0 to {} once: for each keypoint the one that "
        "it is in a mirrored image, counted from 0",
        name, flip.Mark().line + 1, keypoints - 1);
  return index;
}

void read_keypoints(const YAML::Node& yaml, Dataset& out, const std::string& name) {
  const YAML::Node shape = yaml["kpt_shape"];
  if (!shape || shape.IsNull()) return;
  if (!shape.IsSequence() || shape.size() != 2)
    fail("{}: kpt_shape is expected as [count, 2 or 3]", name);
  out.keypoints = shape[0].as<int>();
  out.keypoint_dims = shape[1].as<int>();
  if (out.keypoints < 1 || out.keypoints > 1000 || out.keypoint_dims < 2 || out.keypoint_dims > 3) {
    fail("{}: kpt_shape [{}, {}] is not supported", name, out.keypoints, out.keypoint_dims);
  }
  if (const YAML::Node flip = yaml["flip_idx"])
    out.flip_index = read_flip_index(flip, out.keypoints, name);
}

std::vector<std::string> read_names(const YAML::Node& yaml, const std::string& name) {
  const YAML::Node count = yaml["nc"];
  const bool counted = count && !count.IsNull();
  const int classes = counted ? count.as<int>() : 0;
  if (!yaml["names"] && counted) {
    if (classes < 1 || classes > kMaxClasses)
      fail("{}: line {}: 'nc' is {}", name, count.Mark().line + 1, classes);
    std::vector<std::string> names;
    for (int i = 0; i < classes; ++i) names.push_back(fmt::format("class_{}", i));
    return names;
  }
  std::vector<std::string> names = names_from_yaml(yaml["names"], name);
  if (counted && static_cast<size_t>(classes) != names.size())
    fail("{}: line {}: 'nc' is {}, but 'names' has {}: {}", name, count.Mark().line + 1, classes,
         names.size(), fmt::join(names, ", "));
  return names;
}

// The folder that the entries count from. A relative 'path' counts from the file's own folder, or else
// from where octet was started.
fs::path root_folder(const YAML::Node& yaml, const fs::path& path) {
  const fs::path own = path.parent_path();
  if (!yaml["path"] || !yaml["path"].IsScalar()) return own;
  const fs::path said = yaml["path"].as<std::string>();
  const fs::path beside = own / said;  // an absolute path replaces it
  return is_there(beside) || !is_there(said) ? beside : said;
}

// Roboflow writes "../train/images" where "train/images" is meant.
fs::path find_entry(const fs::path& root, const std::string& entry) {
  constexpr std::string_view kUp = "../";
  fs::path found = root / entry;
  if (!is_there(found) && entry.starts_with(kUp)) found = root / entry.substr(kUp.size());
  return found.lexically_normal();
}

YAML::Node part_of(const YAML::Node& yaml, const std::string& split_name) {
  const bool other_name = split_name == "val" && !yaml["val"];
  return yaml[other_name ? "validation" : split_name];
}

std::vector<fs::path> split_pictures(const YAML::Node& yaml, const fs::path& path,
                                     const std::string& split_name) {
  const fs::path root = root_folder(yaml, path);
  const YAML::Node node = part_of(yaml, split_name);
  if (!node || node.IsNull()) fail("{}: has no '{}'", path.string(), split_name);
  const auto entries =
      node.IsSequence() ? node.as<std::vector<std::string>>() : std::vector{node.as<std::string>()};
  std::set<fs::path> folders, files;  // what is named twice is looked at once
  for (const std::string& entry : entries) folders.insert(find_entry(root, entry));
  for (const fs::path& entry : folders) {
    for (auto& file : pictures_in(entry, path.string())) files.insert(file.lexically_normal());
  }
  if (files.empty())
    fail("{}: '{}' has no images ({})", path.string(), split_name, fmt::join(entries, ", "));
  return {files.begin(), files.end()};
}

// A picture without a label file is background. Whatever else lies at its name is an Error.
std::vector<TruthObject> read_labels(const fs::path& path, const LabelFormat& format,
                                     LabelNotes& notes) {
  std::error_code ignored;
  if (fs::status(path, ignored).type() == fs::file_type::not_found) return {};
  return parse_labels(read_text_file(path, kMaxLabelBytes), format, path.string(), &notes);
}

// Of all label files. One that lies under many names, through links, is one.
size_t bytes_of_labels(const std::vector<fs::path>& pictures) {
  std::set<std::pair<dev_t, ino_t>> seen;
  size_t bytes = 0;
  for (const fs::path& picture : pictures) {
    struct stat status {};
    if (::stat(label_path(picture).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        seen.emplace(status.st_dev, status.st_ino).second)
      bytes += static_cast<size_t>(status.st_size);
  }
  return bytes;
}

void say(const LabelNotes& notes, const std::string& name) {
  std::vector<std::string> parts;
  const auto add = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) parts.push_back(counted(count, noun) + what);
  };
  add(notes.duplicates, "label", " left out (the same is there already)");
  add(notes.polygons, "polygon", " taken as boxes");
  add(notes.without_size, "label", " without a size (nothing can be found there)");
  if (!parts.empty()) log_warning("{}: {}", name, fmt::join(parts, "; "));
}

// Pictures with their objects; those whose label file cannot be understood are left out.
void read_samples(const std::vector<fs::path>& pictures, const std::string& name, bool strict,
                  Dataset& out) {
  const LabelFormat format{
      .classes = out.names.size(), .keypoints = out.keypoints, .keypoint_dims = out.keypoint_dims};
  const size_t object_bytes =
      sizeof(TruthObject) + static_cast<size_t>(out.keypoints) * sizeof(TruthObject::Point);
  Budget budget(name, bytes_of_labels(pictures));
  LabelNotes notes;
  Skipped wrong;
  for (const fs::path& image : pictures) {
    if (!out.samples.empty()) budget.take(out.samples.back().objects.size(), object_bytes);
    try {
      out.samples.push_back({.image = image,
                             .relative = true,
                             .objects = read_labels(label_path(image), format, notes)});
    } catch (const Error& e) {
      wrong.add(e.what());
    }
  }
  out.skipped = wrong.count();
  if (strict || out.samples.empty()) wrong.fail_for(name, "label files are wrong");
  say(notes, name);
  wrong.warn("image", "wrong labels");
}

}  // namespace

bool names_part(const fs::path& path, const std::string& split) {
  const YAML::Node yaml = load_yaml(read_text_file(path), path.string());
  if (!yaml.IsMap()) return false;
  const YAML::Node node = part_of(yaml, split);
  return node && !node.IsNull();
}

Dataset read_unlabelled(const fs::path& folder) {
  Dataset out;
  for (const fs::path& image : pictures_in(folder, folder.string()))
    out.samples.push_back({.image = image, .relative = true, .objects = {}});
  if (out.samples.empty()) fail("{}: has no images", folder.string());
  return out;
}

Dataset read_yolo_dataset(const fs::path& path, const DatasetOptions& options) {
  const std::string name = path.string();
  const YAML::Node yaml = load_yaml(read_text_file(path), name);
  if (!yaml.IsMap()) fail("{}: is not a data.yaml (a map with names, train, val)", name);
  try {
    Dataset out;
    out.names = read_names(yaml, name);
    read_keypoints(yaml, out, name);
    read_samples(split_pictures(yaml, path, options.split), name + ": " + options.split,
                 options.strict, out);
    return out;
  } catch (const YAML::Exception& e) {
    fail("{}: {}", name, e.what());
  }
}

}  // namespace octet
