#include <cstdlib>

#include "app/octet/verbs.h"
#include "app/size_flag.h"
#include "core/error.h"
#include "engine/registry.h"

namespace octet {

void add_run_options(CLI::App& verb, RunOptions& options, const std::string& default_precision) {
  options.precision = default_precision;
  verb.add_option("--model", options.model,
                  "a model file, a checkpoint, an .onnx, .tflite or .xml export, or an Ultralytics "
                  "OpenVINO folder")
      ->required();
  verb.add_option("--engine", options.engine,
                  fmt::format("inference engine: auto, {}", fmt::join(engine_names(), ", ")))
      ->capture_default_str();
  verb.add_option("--imgsz", options.size,
                  "input size: 640, or width x height as 640x384; default: the model's")
      ->check(size_check());
  verb.add_option("--precision", options.precision, "f32, or auto: the fastest the processor has")
      ->check(CLI::IsMember({"f32", "auto"}))
      ->capture_default_str();
  verb.add_option("--threads", options.threads, "threads for inference; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  for (const EngineRow& row : engine_rows()) {
    for (const EngineOption& o : row.options)
      verb.add_option(fmt::format("--{}", o.key), options.settings[std::string(o.key)],
                      std::string(o.help));
  }
  verb.add_flag("--json", options.json, "print one JSON object on standard output");
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

std::filesystem::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "octet";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::filesystem::path(home) / ".cache" / "octet";
  return {};
}

}  // namespace octet
