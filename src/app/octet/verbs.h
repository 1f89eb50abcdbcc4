// The verbs of octet, one file each: options and wiring only. Each adds its sub-command; the work
// is done in its callback.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "detect/detector.h"

namespace octet {

void add_import(CLI::App& root);
void add_export(CLI::App& root);
void add_inspect(CLI::App& root);
void add_detect(CLI::App& root);
void add_val(CLI::App& root);
void add_live(CLI::App& root);
void add_doctor(CLI::App& root);
void add_bench(CLI::App& root);
void add_profile(CLI::App& root);
void add_compress(CLI::App& root);
void add_adapt(CLI::App& root);
void add_verify(CLI::App& root);
void add_tune(CLI::App& root);

// The rows of live's configuration file: [{"key", "flag", "help", "values", "default",
// "takes_effect", "page"}].
[[nodiscard]] nlohmann::ordered_json describe_live_configuration();

// Options that every verb that runs a model has.
struct RunOptions {
  std::string model;
  std::string engine = "auto";
  std::string size;
  std::string precision;
  EngineSettings settings;
  int threads = 0;
  bool json = false;
};
// The options of the engines' rows, such as --device.
void add_engine_settings(CLI::App& verb, EngineSettings& settings);
void add_run_options(CLI::App& verb, RunOptions& options, const std::string& default_precision);

// Returns "90s", "30m" and "2h" in seconds, and 0 for an empty text. Throws a usage Error for others.
[[nodiscard]] double seconds_of_budget(const std::string& text);

// A line in the log where `path`, which is about to be written, exists.
void say_if_overwritten(const std::filesystem::path& path);

// `source`: the pictures' size where one side may become the rectangle that fits it. `parallel`:
// inferences at the same time.
[[nodiscard]] DetectorOptions detector_options(const RunOptions& options,
                                               std::optional<Size> source, int parallel);

}  // namespace octet
