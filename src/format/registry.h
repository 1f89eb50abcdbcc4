// The formats that models are exported to, one row each. export, verify, inspect, bench and the
// detector ask the row; none of them knows a format by name.
//
// To add a format: a file pair with its functions, its test, and its row in registry.cpp. An engine
// names the formats that it reads in its own row (engine/registry.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/size.h"
#include "core/tensor_view.h"
#include "model/model.h"

namespace octet {

struct ExportListing;  // format/listing.h
struct TargetReport;   // format/tflite/targets.h

// The bytes of an export, in a file or in memory.
struct ExportContent {
  std::string main;
  std::vector<std::byte> weights;  // the second file of formats that have two
  std::string description = {};    // Ultralytics' metadata.yaml beside it; empty: there is none
};

struct ExportOptions {
  Size size;
  Layout layout = Layout::kRaw;
  ElementType activations = ElementType::kUint8;  // of quantized ONNX; other formats have no choice
};

// A program that octet does not ship. It turns the file that octet writes into the one wanted.
struct ExternalCompiler {
  std::string_view program;
  std::string_view folder_option;  // the option before the folder that it writes to
  std::string_view stem_suffix;    // what it adds to the file's stem
};

struct ExportFormat {
  std::string_view name;                    // of --format, and in the rows of engines
  std::string_view title;                   // in sentences
  std::string_view extension;               // of the file that is named
  std::string_view weights_extension = {};  // of the file beside it; empty: there is none
  ExportContent (*make)(const Model& model, const ExportOptions& options);
  std::map<std::string, std::string> (*read_metadata)(const ExportContent& content,
                                                      const std::string& name);
  // Takes in what the file keeps in others of its folder; null: it keeps nothing there.
  void (*take_in)(ExportContent& content, const std::filesystem::path& path) = nullptr;
  ExportListing (*list)(const ExportContent& content, const std::string& name);
  // The operators that a target named with --target would not run; null: it has no targets.
  TargetReport (*check_target)(const ExportContent& content, const std::string& name,
                               const std::string& target) = nullptr;
  // What the file runs on alone, in words; empty: on any engine that reads the format. Null: no file
  // of the format asks for anything.
  std::string (*needs)(const ExportContent& content, const std::string& name) = nullptr;
  // Every SiLU has a quantizer before it and one after its sigmoid. Where it has none, `verify`
  // counts their parameters as absent by design.
  bool quantizes_silu = true;
  bool fractions = false;  // decoded coordinates are fractions of the input's sides
  bool int8_only = false;  // what runs it computes in integers only
  const ExternalCompiler* compiler = nullptr;
};

// All of them. Of several with one extension, the first is what a file of that extension is.
[[nodiscard]] std::span<const ExportFormat> export_formats();
[[nodiscard]] std::vector<std::string> export_format_names();

// Throws an Error of usage that lists the names.
[[nodiscard]] const ExportFormat& export_format(std::string_view name);
// By the file's extension; null where it is no export.
[[nodiscard]] const ExportFormat* export_format_of(const std::filesystem::path& file);

// Throws where the format runs int8 only and the model is in float.
[[nodiscard]] ExportContent make_export(const ExportFormat& format, const Model& model,
                                        const ExportOptions& options);
// Writes the file and the one beside it. Each appears when it is complete.
void write_export(const ExportFormat& format, const std::filesystem::path& path, const Model& model,
                  const ExportOptions& options);
// The whole of it, with what it keeps in other files of its folder. Nobody else opens these files:
// what was checked is what runs.
[[nodiscard]] ExportContent read_export(const ExportFormat& format,
                                        const std::filesystem::path& path);
// The file, and the one beside it where that is there.
[[nodiscard]] std::vector<std::filesystem::path> files_of_export(const std::filesystem::path& path);

}  // namespace octet
