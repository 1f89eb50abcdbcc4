#include "engine/registry.h"

#include <dlfcn.h>

#include <algorithm>

#include "core/error.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/process.h"
#include "core/text/nearest_text.h"
#include "engine/checked_network.h"
#include "engine/module.h"
#include "graph/quantization.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

bool has_option(const EngineRow& row, const std::string& key) {
  return std::any_of(row.options.begin(), row.options.end(),
                     [&](const EngineOption& o) { return o.key == key; });
}

void require_known(const EngineRow& row, const EngineSettings& settings) {
  for (const auto& [key, value] : settings) {
    if (value.empty() || has_option(row, key)) continue;
    std::vector<std::string_view> others;
    for (const EngineRow& other : engine_rows())
      if (has_option(other, key)) others.push_back(other.name);
    if (others.empty()) fail_usage("engine {}: has no option '{}'; leave it out", row.name, key);
    fail_usage("engine {}: has no option '{}'; leave it out, or take --engine {}", row.name, key,
               fmt::join(others, " or "));
  }
}

// "auto" of choose_engine().
std::unique_ptr<Engine> choose_any(const EngineRequest& request) {
  if (request.format != nullptr && !any_engine_reads(*request.format))
    fail("{} is for other programs, and no engine of octet runs it; name another export",
         request.format->title);
  std::string reasons;
  std::unique_ptr<Engine> saturating;
  for (const EngineRow& row : engine_rows()) {
    if (request.format != nullptr && !row.reads(*request.format)) continue;
    if (!row.knows(request.settings)) continue;
    if (saturating && !row.slow_because.empty()) continue;
    try {
      auto engine = load_engine(std::string(row.name));
      if (!can_saturate(request.weight_bits) || !engine->abilities().int8_saturates) return engine;
      if (!saturating) saturating = std::move(engine);
    } catch (const Error& e) {
      reasons += std::string(reasons.empty() ? "" : "; ") + e.what();
    }
  }
  if (saturating) return saturating;
  if (!reasons.empty()) fail("no engine is installed that could run it: {}", reasons);
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : request.settings) keys.push_back(key);
  fail_usage("no engine reads files of this format with the options {}; leave the options out",
             fmt::join(keys, ", "));
}

}  // namespace

const std::vector<EngineRow>& engine_rows() {
  static const std::vector<EngineRow> rows{
      {.name = "openvino",
       .library = "OpenVINO's runtime libraries",
       .install = "run 'make setup' in octet's folder, which fetches them from the Python package "
                  "'openvino'",
       .formats = {"openvino", "onnx"},
       .options = {{.key = "device",
                    .help =
                        "Device of OpenVINO: CPU, GPU, NPU, AUTO, or several as HETERO:GPU,CPU. "
                        "'octet doctor' lists those present. Without it: CPU."}}},
      {.name = "onnxruntime",
       .library = "ONNX Runtime's library",
       .install = "run 'make engines' in octet's folder, which fetches it from the Python package "
                  "'onnxruntime'",
       .formats = {"onnx"}},
      {.name = "tflite",
       .library = "TensorFlow Lite's library",
       .install = "run 'make engines' in octet's folder, which fetches it",
       .formats = {"tflite"},
       .options = {{.key = "delegate",
                    .help = "Library of a TensorFlow Lite delegate, such as libedgetpu.so.1. none: "
                            "TensorFlow Lite runs without XNNPACK too."}},
       .kernel_sets = {{},
                       {.settings = {{"delegate", "none"}},
                        .name = "without XNNPACK (--delegate none)"}}},
      {.name = "armnn",
       .library = "Arm NN",
       .install = "install libarmnntfliteparser22 and a backend of it",
       .package = "octet-armnn",
       .formats = {"tflite"},
       .slow_because = "its reference backend takes a minute for an image"}};
  return rows;
}

bool EngineRow::reads(const ExportFormat& format) const {
  return std::find(formats.begin(), formats.end(), format.name) != formats.end();
}

bool any_engine_reads(const ExportFormat& format) {
  const std::vector<EngineRow>& rows = engine_rows();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const EngineRow& row) { return row.reads(format); });
}

bool EngineRow::knows(const EngineSettings& settings) const {
  return std::all_of(settings.begin(), settings.end(), [&](const auto& setting) {
    return setting.second.empty() || has_option(*this, setting.first);
  });
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const EngineRow& row : engine_rows()) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> quick_engine_names() {
  std::vector<std::string> names;
  for (const EngineRow& row : engine_rows())
    if (row.slow_because.empty()) names.emplace_back(row.name);
  return names;
}

std::unique_ptr<Network> Engine::compile(const NetworkSource& source, Size size,
                                         const EngineOptions& options) {
  require_known(row(), options.settings);
  return check_network(make_network(source, size, options), size, source.name);
}

std::unique_ptr<Engine> open_engine_module(const EngineRow& row, const fs::path& file) {
  static const EngineHost host{.log = write_log, .stop = &stop_requested()};
  if (!fs::exists(file))
    fail(
        "engine {}: the module {} is missing; install the package {}, or build it with 'make "
        "build'",
        row.name, file.filename().string(), row.package);
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    fail("engine {}: {} cannot be loaded ({}); {}", row.name, row.library, ::dlerror(),
         row.install);
  const auto abi = reinterpret_cast<EngineAbi>(::dlsym(library, kEngineAbiSymbol));
  const auto make = reinterpret_cast<MakeEngine>(::dlsym(library, kMakeEngineSymbol));
  if (abi == nullptr || make == nullptr || abi() != kEngineAbi)
    fail(
        "engine {}: {} was built for another version of octet (interface {}, this is {}); build it "
        "again with 'make build', or install the one that came with this octet",
        row.name, file.string(), abi == nullptr ? "unknown" : std::to_string(abi()), kEngineAbi);
  std::unique_ptr<Engine> engine(make(host));
  engine->row_ = &row;
  log_debug("engine {}: opened {}", row.name, file.string());
  return engine;
}

std::unique_ptr<Engine> load_engine(const std::string& name) {
  for (const EngineRow& row : engine_rows()) {
    if (name == row.name)
      return open_engine_module(row, find_module(fmt::format("octet_engine_{}.so", name)));
  }
  fail_usage("--engine {}: is not known; there are: auto, {}{}", name,
             fmt::join(engine_names(), ", "), did_you_mean(name, engine_names()));
}

std::unique_ptr<Engine> choose_engine(const EngineRequest& request) {
  if (request.name == "auto") return choose_any(request);
  for (const EngineRow& row : engine_rows()) {
    if (row.name == request.name && request.format != nullptr && !row.reads(*request.format))
      fail_usage("--engine {}: does not read files of this format; leave the option out",
                 request.name);
  }
  return load_engine(request.name);
}

}  // namespace octet
