#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/octet/verbs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "detect/artifact.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/tflite/tflite.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

// Coral's compiler makes a file for the Edge TPU of a full-integer one. It is Google's and is not
// installed by octet.
fs::path compile_for_edge_tpu(const fs::path& file, const fs::path& folder) {
  const std::vector<std::string> command{"edgetpu_compiler", "--out_dir", folder.string(),
                                         file.string()};
  try {
    if (run_program(command).status != 0)
      fail("{}: edgetpu_compiler could not compile it; its reason stands above", file.string());
  } catch (const Error& e) {
    if (std::string_view(e.what()).find("cannot be started") == std::string_view::npos) throw;
    log_warning("edgetpu_compiler is not installed; where it is, run: {}", fmt::join(command, " "));
    return file;
  }
  return folder / (file.stem().string() + "_edgetpu.tflite");
}

void write_for_edge_tpu(const fs::path& file, const Model& model, Size size, Layout layout,
                        ElementType) {
  if (model.quantization.empty())
    fail("--format edgetpu: the Edge TPU runs int8 models; 'octet quantize' makes one");
  write_tflite(file, model, size, layout);
}

// For formats that leave no choice of the activations' type.
template <auto Write>
void write_as_is(const fs::path& file, const Model& model, Size size, Layout layout, ElementType) {
  Write(file, model, size, layout);
}

struct Format {
  const char* name;
  const char* extension;
  void (*write)(const fs::path&, const Model&, Size, Layout, ElementType activations);
};
constexpr Format kFormats[] = {{"onnx", ".onnx", write_onnx},
                               {"tflite", ".tflite", write_as_is<write_tflite>},
                               {"openvino", ".xml", write_as_is<write_ir>},
                               {"edgetpu", ".tflite", write_for_edge_tpu}};

struct Options {
  std::string model;
  std::vector<std::string> formats, sizes{"640"};
  std::string folder;
  std::string layout = "raw", activations = "uint8";
  bool json = false;
};

const Format& format_named(const std::string& name) {
  for (const Format& f : kFormats) {
    if (name == f.name) return f;
  }
  fail_usage("--format {}: is not known; there are: onnx, tflite, openvino, edgetpu", name);
}

// `path` lacks its extension.
nlohmann::ordered_json write_one(const Options& options, const Model& model, const Format& format,
                                 fs::path path, Size size) {
  path += format.extension;
  format.write(path, model, size, options.layout == "raw" ? Layout::kRaw : Layout::kUltralytics,
               options.activations == "int8" ? ElementType::kInt8 : ElementType::kUint8);
  const std::string name = format.name;
  if (name == "edgetpu") path = compile_for_edge_tpu(path, path.parent_path());
  const auto bytes = bytes_of_model(path);
  log_info("{}: {} of {:.1f} MB at {}", path.string(), name, static_cast<double>(bytes) / 1e6,
           to_string(size));
  return {{"format", name},
          {"path", path.string()},
          {"bytes", bytes},
          {"imgsz", {size.width, size.height}}};
}

void run(const Options& options) {
  for (const std::string& name : options.formats) (void)format_named(name);
  Model model = read_model(options.model);
  if (options.activations == "int8" && model.quantization.empty())
    fail_usage("--activations int8: {} is a float model; 'octet quantize' makes an int8 one",
               options.model);
  model = fold_batch_norm(std::move(model));
  const fs::path source = options.model;
  const fs::path folder = !options.folder.empty()    ? fs::path(options.folder)
                          : source.has_parent_path() ? source.parent_path()
                                                     : fs::path(".");
  make_folder(folder);
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const std::string& text : options.sizes) {
    const Size size = SizeOption::parse(text).size;
    std::string stem = source.stem().string();
    if (options.layout != "raw") stem += "-ultralytics";
    if (options.sizes.size() > 1) stem += "-" + to_string(size);
    for (const std::string& name : options.formats)
      files.push_back(write_one(options, model, format_named(name), folder / stem, size));
  }
  if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"files", files}}.dump());
}

}  // namespace

void add_export(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      root.add_subcommand("export", "write a model as ONNX, TensorFlow Lite and OpenVINO IR");
  verb->add_option("--model", options->model, "a model file or a checkpoint")->required();
  verb->add_option("--format", options->formats,
                   "one or more of onnx, tflite, openvino, edgetpu, joined by commas")
      ->required()
      ->delimiter(',');
  verb->add_option("--imgsz", options->sizes,
                   "input size: 640, or width x height as 640x384; several joined by commas, a "
                   "file for each")
      ->delimiter(',')
      ->check(size_check())
      ->capture_default_str();
  verb->add_option("-o,--output", options->folder, "folder to write to; default: the model's");
  verb->add_option(
          "--layout", options->layout,
          "raw: separate outputs, for octet; ultralytics: one decoded output, for other programs")
      ->check(CLI::IsMember({"raw", "ultralytics"}))
      ->capture_default_str();
  verb->add_option(
          "--activations", options->activations,
          "of a quantized model in ONNX: uint8, or int8 for ONNX Runtime on Arm; the same steps")
      ->check(CLI::IsMember({"uint8", "int8"}))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "print one JSON object on standard output");
  verb->callback([options] { run(*options); });
}

}  // namespace octet
