// Opens the file of --model: octet's model file, a checkpoint, or an export of octet or
// Ultralytics.
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
  std::filesystem::path file;  // the .xml inside a folder; of other exports the folder itself
  ExportContent content;       // of an export
  ModelInfo info;
  Layout layout = Layout::kRaw;
  bool fractions = false;      // decoded coordinates are fractions of the input's sides
  std::optional<Size> size;    // input size that an export states
  int weight_bits = 0;         // 8 or 7; 0: float or unknown
  std::optional<Model> model;  // of a model file or a checkpoint
};

// Opens a file, a folder that is an export, or a folder with one .xml, as Ultralytics writes it.
// Throws an Error that names it.
[[nodiscard]] Artifact open_artifact(const std::filesystem::path& path);

// Returns the files of a model: the one that open_artifact() opens and the one beside it that belongs
// to it, where it exists. Throws as open_artifact() for a folder.
[[nodiscard]] std::vector<std::filesystem::path> files_of_model(const std::filesystem::path& path);

// Whether a path is a folder that is no export itself.
[[nodiscard]] bool is_folder_of_models(const std::filesystem::path& path);
// Returns the models and exports directly in a folder, sorted.
[[nodiscard]] std::vector<std::filesystem::path> models_in(const std::filesystem::path& folder);
// Returns the size of a file and of the one beside it that belongs to it, or of all files of a
// folder.
[[nodiscard]] uintmax_t bytes_of_model(const std::filesystem::path& model);

// The metadata of an export, in the form of octet or of Ultralytics. Throws when it is neither.
struct ExportInfo {
  ModelInfo info;
  Layout layout;
  int weight_bits = 0;       // as in Artifact
  std::optional<Size> size;  // as in Artifact
};
[[nodiscard]] ExportInfo parse_export_metadata(const std::map<std::string, std::string>& entries,
                                               const std::string& name);

}  // namespace octet
