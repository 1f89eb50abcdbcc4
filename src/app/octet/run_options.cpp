#include <cstdlib>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/size_flag.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/log.h"
#include "engine/registry.h"

namespace octet {

void add_engine_settings(CLI::App& verb, EngineSettings& settings) {
  for (const EngineRow& row : engine_rows()) {
    for (const EngineOption& o : row.options)
      verb.add_option(fmt::format("--{}", o.key), settings[std::string(o.key)], std::string(o.help))
          ->type_name("TEXT");
  }
}

void add_run_options(CLI::App& verb, RunOptions& options, const std::string& default_precision) {
  options.precision = default_precision;
  verb.add_option(
          "--model", options.model,
          "A model file (.safetensors), a checkpoint (.pt), an export (.onnx, .tflite, .xml), or "
          "an OpenVINO folder of Ultralytics.")
      ->required()
      ->type_name("FILE");
  verb.add_option("--engine", options.engine,
                  fmt::format("Inference engine: auto, {}.", fmt::join(engine_names(), ", ")))
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option(
          "--imgsz", options.size,
          "Input size: 640, or width x height as 640x384. Without it: the size of the model.")
      ->check(size_check());
  verb.add_option("--precision", options.precision,
                  "Precision of float models. auto takes the fastest that the processor has.")
      ->check(CLI::IsMember({"f32", "auto"}))
      ->capture_default_str();
  verb.add_option("--threads", options.threads, "Threads for inference. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_engine_settings(verb, options.settings);
  add_json_option(verb, options.json);
}

DetectorOptions detector_options(const RunOptions& options, std::optional<Size> source,
                                 int parallel) {
  DetectorOptions out{
      .model = options.model, .engine = options.engine, .size = std::nullopt, .source = source};
  if (!options.size.empty()) out.size = SizeOption::parse(options.size);
  out.runtime = {.threads = options.threads,
                 .parallel = parallel,
                 .precision = options.precision == "f32" ? Precision::kF32 : Precision::kAuto,
                 .cache = cache_folder(),
                 .settings = options.settings};
  return out;
}

double seconds_of_budget(const std::string& text) {
  if (text.empty()) return 0;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  if (number > 0 && unit == "s") return number;
  if (number > 0 && unit == "m") return 60 * number;
  if (number > 0 && unit == "h") return 3600 * number;
  fail_usage("--budget {}: a number with s, m or h is expected, such as 90m or 2h", text);
}

void say_if_overwritten(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return;
  const bool folder = std::filesystem::is_directory(path, ignored);
  log_info("{}: replaces the {} that was there", path.string(), folder ? "export" : "file");
}

}  // namespace octet
