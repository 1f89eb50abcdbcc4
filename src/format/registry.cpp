#include "format/registry.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/text/nearest_text.h"
#include "format/listing.h"
#include "format/onnx/external_data.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/savedmodel/saved_model.h"
#include "format/tflite/summary.h"
#include "format/tflite/targets.h"
#include "format/tflite/tflite.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

ExportContent make_onnx_content(const Model& model, const ExportOptions& o) {
  return {.main = make_onnx(model, o.size, o.layout, o.activations), .weights = {}};
}
ExportListing list_onnx_content(const ExportContent& content, const std::string& name) {
  return list_onnx(as_bytes(content.main), name);
}
std::map<std::string, std::string> read_onnx_content_metadata(const ExportContent& content,
                                                              const std::string& name) {
  return read_onnx_metadata(as_bytes(content.main), name);
}
void take_in_onnx_data(ExportContent& content, const fs::path& path) {
  take_in_external_data(content.main, path);
}

ExportContent make_ir_content(const Model& model, const ExportOptions& o) {
  IrDocument ir = make_ir(model, o.size, o.layout, {o.half_weights, o.opset});
  return {.main = std::move(ir.xml), .weights = std::move(ir.weights)};
}
ExportListing list_ir_content(const ExportContent& content, const std::string& name) {
  return list_ir(content.main, content.weights, name);
}

std::map<std::string, std::string> read_ir_content_metadata(const ExportContent& content,
                                                            const std::string& name) {
  auto entries = read_ir_metadata(content.main, content.weights, name);
  if (!content.description.empty()) entries["metadata.yaml"] = content.description;
  return entries;
}
void take_in_description(ExportContent& content, const fs::path& path) {
  const fs::path yaml = path.parent_path() / "metadata.yaml";
  if (fs::is_regular_file(yaml)) content.description = read_text_file(yaml);
}

ExportContent make_tflite_content(const Model& model, const ExportOptions& o) {
  return {.main = make_tflite(model, o.size, o.layout), .weights = {}};
}
ExportListing list_tflite_content(const ExportContent& content, const std::string& name) {
  return list_tflite(as_bytes(content.main), name);
}
std::map<std::string, std::string> read_tflite_content_metadata(const ExportContent& content,
                                                                const std::string& name) {
  return read_tflite_metadata(as_bytes(content.main), name);
}
TargetReport check_tflite_target(const ExportContent& content, const std::string& name,
                                 const std::string& target) {
  const TfliteSummary summary = summarize_tflite(as_bytes(content.main), name);
  return {.operators = summary.operators.size(), .fallbacks = fallbacks(summary, target)};
}

ExportContent make_saved_model_content(const Model& model, const ExportOptions& o) {
  return {.main = make_saved_model(model, o.size, o.layout), .weights = {}};
}
ExportListing list_saved_model_content(const ExportContent& content, const std::string& name) {
  return list_saved_model(as_bytes(content.main), name);
}
std::map<std::string, std::string> read_saved_model_content_metadata(const ExportContent& content,
                                                                     const std::string& name) {
  return read_saved_model_metadata(as_bytes(content.main), name);
}

std::string needs_of_tflite(const ExportContent& content, const std::string& name) {
  const bool edge_tpu = summarize_tflite(as_bytes(content.main), name).edge_tpu;
  return edge_tpu ? "an Edge TPU, by --delegate libedgetpu.so.1" : "";
}

// Coral's compiler is Google's.
constexpr ExternalCompiler kEdgeTpuCompiler{
    .program = "edgetpu_compiler", .folder_option = "--out_dir", .stem_suffix = "_edgetpu"};

constexpr ExportFormat kFormats[] = {{.name = "onnx",
                                      .title = "ONNX",
                                      .extension = ".onnx",
                                      .make = make_onnx_content,
                                      .read_metadata = read_onnx_content_metadata,
                                      .take_in = take_in_onnx_data,
                                      .list = list_onnx_content},
                                     {.name = "openvino",
                                      .title = "OpenVINO IR",
                                      .extension = ".xml",
                                      .weights_extension = ".bin",
                                      .make = make_ir_content,
                                      .read_metadata = read_ir_content_metadata,
                                      .take_in = take_in_description,
                                      .list = list_ir_content,
                                      .quantizes_silu = false,
                                      .opsets = true},
                                     {.name = "tflite",
                                      .title = "TensorFlow Lite",
                                      .extension = ".tflite",
                                      .make = make_tflite_content,
                                      .read_metadata = read_tflite_content_metadata,
                                      .list = list_tflite_content,
                                      .check_target = check_tflite_target,
                                      .needs = needs_of_tflite,
                                      .fractions = true,
                                      .frigate = true},
                                     {.name = "edgetpu",
                                      .title = "TensorFlow Lite for the Edge TPU",
                                      .extension = ".tflite",
                                      .make = make_tflite_content,
                                      .read_metadata = read_tflite_content_metadata,
                                      .list = list_tflite_content,
                                      .check_target = check_tflite_target,
                                      .needs = needs_of_tflite,
                                      .fractions = true,
                                      .int8_only = true,
                                      .frigate = true,
                                      .compiler = &kEdgeTpuCompiler},
                                     {.name = "saved_model",
                                      .title = "TensorFlow SavedModel",
                                      .extension = "_saved_model",
                                      .folder_file = "saved_model.pb",
                                      .make = make_saved_model_content,
                                      .read_metadata = read_saved_model_content_metadata,
                                      .list = list_saved_model_content}};

fs::path weights_path(const ExportFormat& format, fs::path path) {
  return path.replace_extension(format.weights_extension);
}

// Without a slash at the end.
std::string name_of(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// The file that is read first: of a folder the one inside.
fs::path main_path(const ExportFormat& format, const fs::path& path) {
  if (format.folder_file.empty() || name_of(path) == format.folder_file) return path;
  return path / format.folder_file;
}

bool is_export(const ExportFormat& format, const fs::path& path) {
  if (format.folder_file.empty()) return path.extension() == format.extension;
  const std::string name = name_of(path);
  std::error_code ignored;
  return name == format.folder_file || name.ends_with(format.extension) ||
         fs::is_regular_file(path / format.folder_file, ignored);
}

// A reader of the folder would take the files of another program for a part of the export.
void make_export_folder(const ExportFormat& format, const fs::path& folder) {
  make_folder(folder);
  for (const fs::path& entry : list_folder(folder)) {
    if (entry.filename() != format.folder_file)
      fail("{}: holds {}, which octet did not write; remove the folder, or choose another",
           folder.string(), entry.filename().string());
  }
}

}  // namespace

std::span<const ExportFormat> export_formats() { return kFormats; }

std::vector<std::string> export_format_names() {
  std::vector<std::string> names;
  for (const ExportFormat& f : kFormats) names.emplace_back(f.name);
  return names;
}

const ExportFormat& export_format(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                         [&](const ExportFormat& f) { return f.name == name; });
  if (found == std::end(kFormats))
    fail_usage("--format {}: is not known; there are: {}{}", name,
               fmt::join(export_format_names(), ", "), did_you_mean(name, export_format_names()));
  return *found;
}

const ExportFormat* export_format_of(const fs::path& file) {
  const auto* const found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                         [&](const ExportFormat& f) { return is_export(f, file); });
  return found == std::end(kFormats) ? nullptr : found;
}

void require_exportable(const ExportFormat& format, const Model& model, const ExportOptions& o) {
  if (format.int8_only && model.quantization.empty())
    fail("--format {}: takes int8 models only; 'octet quantize' makes one", format.name);
  if (o.layout == Layout::kFrigate && !format.frigate)
    fail_usage("--layout frigate: is for --format tflite and edgetpu, not for {}", format.name);
  if (o.half_weights && !format.opsets)
    fail_usage("--precision fp16: is for --format openvino, not for {}", format.name);
  if (o.half_weights && !model.quantization.empty())
    fail_usage("--precision fp16: is for float models, and this one is int8");
  if (o.opset > 0 && !format.opsets)
    fail_usage("--opset {}: is for --format openvino, not for {}", o.opset, format.name);
}

ExportContent make_export(const ExportFormat& format, const Model& model,
                          const ExportOptions& options) {
  require_exportable(format, model, options);
  return format.make(model, options);
}

void write_export(const ExportFormat& format, const fs::path& path, const Model& model,
                  const ExportOptions& options) {
  const ExportContent content = make_export(format, model, options);
  std::vector<FileContent> files;
  if (!format.weights_extension.empty())
    files.push_back({weights_path(format, path), content.weights});
  const fs::path main = main_path(format, path);
  if (main != path) make_export_folder(format, path);
  files.push_back({main, as_bytes(content.main)});
  write_files(files);
}

ExportContent read_export(const ExportFormat& format, const fs::path& path) {
  ExportContent content{.main = read_text_file(main_path(format, path)), .weights = {}};
  if (!format.weights_extension.empty()) content.weights = read_file(weights_path(format, path));
  if (format.take_in != nullptr) format.take_in(content, path);
  return content;
}

std::vector<fs::path> files_of_export(const fs::path& path) {
  const ExportFormat* format = export_format_of(path);
  std::vector<fs::path> files{format == nullptr ? path : main_path(*format, path)};
  if (format == nullptr || format->weights_extension.empty()) return files;
  if (fs::path beside = weights_path(*format, path); fs::exists(beside))
    files.push_back(std::move(beside));
  return files;
}

}  // namespace octet
