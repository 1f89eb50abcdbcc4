// The export formats, one row each. export, verify, inspect, bench and the detector use the row,
// and none of them knows a format by name.
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
  bool half_weights = false;                      // of float layers in OpenVINO IR: fp16
  int opset = 0;  // of OpenVINO IR: the newest of its layers; 0: any
};

// A program that octet does not ship. It compiles the file that octet writes.
struct ExternalCompiler {
  std::string_view program;
  std::string_view folder_option;  // its option for the output folder
  std::string_view stem_suffix;    // its addition to the stem of the file name
};

struct ExportFormat {
  std::string_view name;                    // of --format, and in the rows of engines
  std::string_view title;                   // in sentences
  std::string_view extension;               // the end of the name of the export
  std::string_view weights_extension = {};  // of the file beside it; empty: there is none
  std::string_view folder_file = {};  // the export is a folder with this file; empty: it is a file
  ExportContent (*make)(const Model& model, const ExportOptions& options);
  std::map<std::string, std::string> (*read_metadata)(const ExportContent& content,
                                                      const std::string& name);
  // Reads the parts that the file stores in others of its folder; null: the format has none.
  void (*take_in)(ExportContent& content, const std::filesystem::path& path) = nullptr;
  ExportListing (*list)(const ExportContent& content, const std::string& name);
  // Returns the operators that the target of --target does not run; null: there are no targets.
  TargetReport (*check_target)(const ExportContent& content, const std::string& name,
                               const std::string& target) = nullptr;
  // Returns the only device or engine that runs the file, in words. Empty: any engine that reads
  // the format runs it. Null: all files of the format have no such need.
  std::string (*needs)(const ExportContent& content, const std::string& name) = nullptr;
  // Whether every SiLU has a quantizer before it and one after its sigmoid. Otherwise `verify`
  // counts their parameters as not in the format.
  bool quantizes_silu = true;
  bool fractions = false;  // decoded coordinates are fractions of the input's sides
  bool int8_only = false;  // its engines compute in integers only
  bool frigate = false;    // has Layout::kFrigate
  bool opsets = false;     // has ExportOptions::half_weights and opset
  const ExternalCompiler* compiler = nullptr;
};

// All formats. A file whose extension several formats have belongs to the first.
[[nodiscard]] std::span<const ExportFormat> export_formats();
[[nodiscard]] std::vector<std::string> export_format_names();

// Throws a usage Error that lists the names.
[[nodiscard]] const ExportFormat& export_format(std::string_view name);
// Returns the format by the end of the name, or by the file inside a folder; null where it is not an
// export. The file inside a folder may be named as well.
[[nodiscard]] const ExportFormat* export_format_of(const std::filesystem::path& file);

// Throws for a float model where the format is int8 only, and for options that the format lacks.
void require_exportable(const ExportFormat& format, const Model& model,
                        const ExportOptions& options);
[[nodiscard]] ExportContent make_export(const ExportFormat& format, const Model& model,
                                        const ExportOptions& options);
// Writes the file and the one beside it. Each file appears when it is complete. Throws an Error for
// a folder that has files of another program.
void write_export(const ExportFormat& format, const std::filesystem::path& path, const Model& model,
                  const ExportOptions& options);
// Reads the whole export, including its parts in other files of the folder. No other code opens
// these files, so the engine runs exactly the content that was checked.
[[nodiscard]] ExportContent read_export(const ExportFormat& format,
                                        const std::filesystem::path& path);
// Returns the file, and the one beside it where that exists. Of a folder it is the file inside.
[[nodiscard]] std::vector<std::filesystem::path> files_of_export(const std::filesystem::path& path);

}  // namespace octet
