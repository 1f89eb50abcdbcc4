// The engines, one row each, and the functions that open their modules.
//
// To add an engine: a folder with its module (engine/module.h), and its row in registry.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "format/registry.h"

namespace octet {

// A key of EngineSettings that an engine knows. The command line offers it as --KEY.
struct EngineOption {
  std::string_view key, help;
};

// Settings that choose kernels of an engine.
struct KernelSet {
  EngineSettings settings = {};
  std::string_view name = {};  // behind the library's name; empty: those of the engine without them
};

struct EngineRow {
  std::string_view name;               // of --engine; the module is octet_engine_NAME.so
  std::string_view library, install;   // the library that it needs, and how to install it, in words
  std::string_view package = "octet";  // of Debian, which has the module
  // Names of format/registry.h. A model without a file is written in the first.
  std::vector<std::string_view> formats;
  std::vector<EngineOption> options = {};
  std::vector<KernelSet> kernel_sets = {KernelSet{}};  // `verify` runs all of them
  // The reason why the engine runs only when it is named; empty: it is quick.
  std::string_view slow_because = {};

  [[nodiscard]] bool reads(const ExportFormat& format) const;
  [[nodiscard]] bool knows(const EngineSettings& settings) const;
};

// Installed or not, in the order in which "auto" tries them.
[[nodiscard]] const std::vector<EngineRow>& engine_rows();
[[nodiscard]] std::vector<std::string> engine_names();
// Whether an engine reads files of the format, installed or not.
[[nodiscard]] bool any_engine_reads(const ExportFormat& format);
// The engines that run without being named.
[[nodiscard]] std::vector<std::string> quick_engine_names();

// Opens the module of an engine, which stays open for the life of the process. Throws an Error with
// the remedy when the module is missing or of another version, or when its library is missing.
[[nodiscard]] std::unique_ptr<Engine> load_engine(const std::string& name);
// The same for the module file at a given path.
[[nodiscard]] std::unique_ptr<Engine> open_engine_module(const EngineRow& row,
                                                         const std::filesystem::path& file);

// `content` has to live as long as the network that is made from the result.
[[nodiscard]] inline NetworkSource source_of(const ExportContent& content, std::string name) {
  return {.name = std::move(name), .content = content.main, .weights = content.weights};
}

struct EngineRequest {
  std::string name = "auto";
  const ExportFormat* format = nullptr;  // of the file to run; null: a model without a file
  int weight_bits = 0;                   // of an int8 model
  EngineSettings settings = {};
};
// Chooses an engine. "auto" takes the first installed engine that reads the format and knows the
// settings. It prefers one that does not saturate with weights of `weight_bits`.
[[nodiscard]] std::unique_ptr<Engine> choose_engine(const EngineRequest& request);

}  // namespace octet
