// What a file given to --model is: octet's model file, a checkpoint, or an export of octet's or of
// Ultralytics'.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "format/registry.h"
#include "model/model.h"

namespace octet {

struct Artifact {
  const ExportFormat* format = nullptr;  // of an export; null: a model file or a checkpoint
  std::filesystem::path file;            // the .xml inside a folder
  ExportContent content;                 // of an export
  ModelInfo info;
  Layout layout = Layout::kRaw;
  bool fractions = false;      // decoded coordinates are fractions of the input's sides
  std::optional<Size> size;    // that the file says its input has; of an export
  int weight_bits = 0;         // 8 or 7; 0: in float, or not known
  std::optional<Model> model;  // of what is no export
};

// Takes a file, or a folder with one .xml in it (as Ultralytics writes). Throws an Error that names
// it.
[[nodiscard]] Artifact open_artifact(const std::filesystem::path& path);

// Models and exports of a folder itself, sorted.
[[nodiscard]] std::vector<std::filesystem::path> models_in(const std::filesystem::path& folder);
// Of a file with the one beside it that belongs to it, or of all files of a folder.
[[nodiscard]] uintmax_t bytes_of_model(const std::filesystem::path& model);

// What an export's metadata says, octet's own or Ultralytics'. Throws when it is neither.
struct ExportInfo {
  ModelInfo info;
  Layout layout;
  int weight_bits = 0;       // as in Artifact
  std::optional<Size> size;  // as in Artifact
};
[[nodiscard]] ExportInfo parse_export_metadata(const std::map<std::string, std::string>& entries,
                                               const std::string& name);

}  // namespace octet
