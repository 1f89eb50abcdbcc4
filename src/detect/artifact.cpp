#include "detect/artifact.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/budget.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/json/parse_json.h"
#include "core/yaml/yaml_text.h"
#include "format/model_file.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr int kReadableVersion = 1;
constexpr int kMaxStride = 64;

fs::path xml_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::path& file : list_folder(folder)) {
    if (file.extension() == ".xml") found.push_back(file);
  }
  if (found.size() != 1)
    fail("{}: is a folder with {} .xml files; one model is expected", folder.string(),
         found.size());
  return found[0];
}

bool is_true(const YAML::Node& node) { return node && node.IsScalar() && node.as<bool>(false); }

// [height, width]; nothing where octet could not use it.
std::optional<Size> ultralytics_size(const YAML::Node& node) {
  if (!node || !node.IsSequence() || node.size() != 2) return std::nullopt;
  const Size size{input_side(node[1].as<int>(0)), input_side(node[0].as<int>(0))};
  return size.width > 0 && size.height > 0 ? std::optional(size) : std::nullopt;
}

// Ultralytics' own description: a few YAML values. Its boxes, scores and keypoints come decoded in
// one output.
ExportInfo parse_ultralytics(const YAML::Node& y) {
  const auto task = y["task"].as<std::string>();
  if (task != "detect" && task != "pose")
    fail("its task is '{}'; octet runs detect and pose", task);
  const YAML::Node args = y["args"];
  const bool finished = is_true(y["end2end"]) || (args && args.IsMap() && is_true(args["nms"]));
  ExportInfo out{.info = {}, .layout = finished ? Layout::kDetections : Layout::kUltralytics};
  out.info.task = task == "pose" ? Task::kPose : Task::kDetect;
  out.info.names = names_from_yaml(y["names"], "its metadata");
  const int largest = y["stride"].as<int>();
  if (largest > kMaxStride) fail("stride {} is not within 8..{}", largest, kMaxStride);
  for (int stride = 8; stride <= largest; stride *= 2) out.info.head.strides.push_back(stride);
  if (out.info.task == Task::kPose) {
    out.info.head.keypoints = y["kpt_shape"][0].as<int>();
    out.info.head.keypoint_dims = y["kpt_shape"][1].as<int>();
    if (out.info.head.keypoints == 17) out.info.flip_index = coco_flip_index();
  }
  out.size = ultralytics_size(y["imgsz"]);
  out.info.source =
      "Ultralytics " + (y["version"] ? y["version"].as<std::string>() : std::string());
  verify(out.info);
  return out;
}

ExportInfo parse_own(const std::string& text) {
  Budget budget("its metadata", text.size());
  const auto json = parse_json(text, budget);
  if (json.at("version").get<int>() > kReadableVersion)
    fail("was exported by a newer octet; update octet");
  return {.info = info_from_json(json.at("info")),
          .layout = parse_layout(json.at("layout").get<std::string>()),
          .weight_bits = json.value("weight_bits", 0),
          .size = Size{json.at("imgsz").at(0).get<int>(), json.at("imgsz").at(1).get<int>()}};
}

// Values that Ultralytics writes into an ONNX file, each an entry of its own.
YAML::Node joined(const std::map<std::string, std::string>& entries) {
  static const std::set<std::string_view> structured{"names", "kpt_shape", "stride", "imgsz",
                                                     "args"};
  YAML::Node node;
  for (const auto& [key, value] : entries) {
    if (structured.contains(key)) {
      node[key] = load_yaml(value, "its metadata");
    } else {
      node[key] = value;
    }
  }
  return node;
}

}  // namespace

ExportInfo parse_export_metadata(const std::map<std::string, std::string>& entries,
                                 const std::string& name) {
  try {
    if (const auto own = entries.find("octet"); own != entries.end()) return parse_own(own->second);
    if (const auto yaml = entries.find("metadata.yaml"); yaml != entries.end())
      return parse_ultralytics(load_yaml(yaml->second, "its metadata"));
    if (entries.contains("names") && entries.contains("task"))
      return parse_ultralytics(joined(entries));
    fail(
        "carries neither octet's nor Ultralytics' metadata, so its classes are not known; export "
        "it again with 'octet export'");
  } catch (const YAML::Exception& e) {
    fail("{}: its metadata is damaged: {}", name, e.what());
  } catch (const nlohmann::json::exception& e) {
    fail("{}: its metadata is damaged: {}", name, e.what());
  } catch (const Error& e) {
    fail("{}: {}", name, e.what());
  }
}

std::vector<fs::path> files_of_model(const fs::path& path) {
  return files_of_export(is_folder_of_models(path) ? xml_in(path) : path);
}

bool is_folder_of_models(const fs::path& path) {
  return fs::is_directory(path) && export_format_of(path) == nullptr;
}

std::vector<fs::path> models_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::path& file : list_folder(folder)) {
    const fs::path extension = file.extension();
    if (extension == ".safetensors" || extension == ".pt" || export_format_of(file))
      found.push_back(file);
  }
  return found;
}

uintmax_t bytes_of_model(const fs::path& model) {
  if (fs::is_directory(model)) {
    uintmax_t bytes = 0;
    for (const fs::path& file : list_folder(model))
      if (fs::is_regular_file(file)) bytes += fs::file_size(file);
    return bytes;
  }
  uintmax_t bytes = 0;
  for (const fs::path& file : files_of_export(model)) bytes += fs::file_size(file);
  return bytes;
}

Artifact open_artifact(const fs::path& path) {
  const fs::path file = is_folder_of_models(path) ? xml_in(path) : path;
  Artifact out;
  out.file = file;
  out.format = export_format_of(file);
  if (out.format != nullptr) {
    out.content = read_export(*out.format, file);
    ExportInfo said =
        parse_export_metadata(out.format->read_metadata(out.content, file.string()), file.string());
    out.info = std::move(said.info);
    out.layout = said.layout;
    out.fractions = out.format->fractions;
    out.size = said.size;
    out.weight_bits = said.weight_bits;
    return out;
  }
  out.model = read_model(file);
  out.info = out.model->info;
  out.weight_bits = out.model->quantization.weight_bits_or_zero();
  return out;
}

}  // namespace octet
