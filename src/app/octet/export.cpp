#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "detect/artifact.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::vector<std::string> formats, sizes;
  std::string folder;
  std::string layout = "raw", activations = "uint8", precision = "fp32";
  int opset = 0;
  bool json = false;
};

// The file that the format's compiler made of `file`; `file` itself where there is no compiler.
fs::path compile(const ExportFormat& format, const fs::path& file) {
  if (format.compiler == nullptr) return file;
  const ExternalCompiler& compiler = *format.compiler;
  const fs::path folder = file.parent_path();
  const std::vector<std::string> command{std::string(compiler.program),
                                         std::string(compiler.folder_option), folder.string(),
                                         file.string()};
  const ProgramResult result = run_program(command);
  if (!result.installed) {
    log_warning("{} is not installed; run this where it is: {}", compiler.program,
                fmt::join(command, " "));
    return file;
  }
  if (result.status != 0)
    fail("{}: {} could not compile it; its own message is above", file.string(), compiler.program);
  return folder /
         fmt::format("{}{}{}", file.stem().string(), compiler.stem_suffix, format.extension);
}

ExportOptions export_options(const Options& options, Size size) {
  return {.size = size,
          .layout = parse_layout(options.layout),
          .activations = options.activations == "int8" ? ElementType::kInt8 : ElementType::kUint8,
          .half_weights = options.precision == "fp16",
          .opset = options.opset};
}

// `path` lacks its extension.
nlohmann::ordered_json write_one(const Options& options, const Model& model,
                                 const ExportFormat& format, fs::path path, Size size) {
  path += format.extension;
  say_if_overwritten(path);
  write_export(format, path, model, export_options(options, size));
  path = compile(format, path);
  const auto bytes = bytes_of_model(path);
  const int trained = model.info.trained_side;
  log_info("{}: {} of {:.1f} MB at {}{}", path.string(), format.name,
           static_cast<double>(bytes) / 1e6, to_string(size),
           trained == 0 || trained == longer_side(size)
               ? ""
               : fmt::format("; it was trained with --imgsz {}", trained));
  return {{"format", format.name},
          {"path", path.string()},
          {"bytes", bytes},
          {"imgsz", {size.width, size.height}}};
}

// The label map that Frigate's labelmap_path names: a class a line.
std::string write_labels(const ModelInfo& info, const fs::path& path) {
  std::string text;
  for (size_t i = 0; i < info.names.size(); ++i) text += fmt::format("{} {}\n", i, info.names[i]);
  say_if_overwritten(path);
  write_text_file(path, text);
  log_info("{}: {} classes for Frigate's labelmap_path", path.string(), info.names.size());
  return path.string();
}

std::vector<Size> sizes_of(const Options& options, const Model& model) {
  if (options.sizes.empty()) return {model.usual_size()};
  std::vector<Size> sizes;
  for (const std::string& text : options.sizes) sizes.push_back(SizeOption::parse(text).size);
  return sizes;
}

void run(const Options& options) {
  for (const std::string& name : options.formats) (void)export_format(name);
  Model model = read_model(options.model);
  if (options.activations == "int8" && model.quantization.empty())
    fail_usage("--activations int8: {} is a float model; 'octet quantize' makes an int8 one",
               options.model);
  if (options.layout != "raw" && model.info.task == Task::kRaw)
    fail_usage("--layout {}: {} has raw outputs, which no layout decodes", options.layout,
               options.model);
  for (const std::string& name : options.formats)
    require_exportable(export_format(name), model, export_options(options, {}));
  model = fold_batch_norm(std::move(model));
  const fs::path source = options.model;
  const fs::path folder = !options.folder.empty()    ? fs::path(options.folder)
                          : source.has_parent_path() ? source.parent_path()
                                                     : fs::path(".");
  make_folder(folder);
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const Size size : sizes_of(options, model)) {
    std::string stem = source.stem().string();
    if (options.layout != "raw") stem += "-" + options.layout;
    if (options.precision != "fp32") stem += "-" + options.precision;
    if (options.sizes.size() > 1) stem += "-" + to_string(size);
    for (const std::string& name : options.formats)
      files.push_back(write_one(options, model, export_format(name), folder / stem, size));
  }
  nlohmann::ordered_json j{{"files", files}};
  if (options.layout == layout_name(Layout::kFrigate))
    j["labels"] = write_labels(model.info, folder / (source.stem().string() + "-frigate.txt"));
  if (options.json) print_json(j);
}

}  // namespace

void add_export(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "export");
  verb->add_option("--model", options->model, "A model file (.safetensors) or a checkpoint (.pt).")
      ->required()
      ->type_name("FILE");
  verb->add_option("--format", options->formats,
                   fmt::format("One or more of {}, joined by commas.",
                               fmt::join(export_format_names(), ", ")))
      ->required()
      ->type_name("FORMATS")
      ->delimiter(',');
  verb->add_option("--imgsz", options->sizes,
                   "Input size: 640, or width x height as 640x384. Several sizes are joined by "
                   "commas, and each makes a file. Without it: the size of the model.")
      ->delimiter(',')
      ->check(size_check());
  verb->add_option("-o,--output", options->folder,
                   "Folder to write to. Without it: the folder of the model.")
      ->type_name("FOLDER");
  verb->add_option(
          "--layout", options->layout,
          "raw writes separate outputs, for octet. ultralytics writes one decoded output, "
          "for other programs. frigate writes two int8 outputs in TensorFlow Lite, for the "
          "Edge TPU detector of Frigate.")
      ->check(CLI::IsMember({"raw", "ultralytics", "frigate"}))
      ->capture_default_str();
  verb->add_option("--activations", options->activations,
                   "Type of activations of an int8 model in ONNX. int8 is faster in ONNX Runtime "
                   "on Arm. The scales are the same.")
      ->check(CLI::IsMember({"uint8", "int8"}))
      ->capture_default_str();
  verb->add_option("--precision", options->precision,
                   "Weights of a float model in OpenVINO IR. fp16 has half the bytes.")
      ->check(CLI::IsMember({"fp32", "fp16"}))
      ->capture_default_str();
  verb->add_option(
          "--opset", options->opset,
          "Newest operator set of an OpenVINO IR. 8 suits OpenVINO 2022.3, for devices that "
          "later versions have dropped. Without it: any.")
      ->check(CLI::Range(1, 99));
  add_json_option(*verb, options->json);
  verb->callback([options] { run(*options); });
}

}  // namespace octet
