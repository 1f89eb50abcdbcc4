#include "engine/engine.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "graph/quantization.h"

namespace octet {
namespace {

struct Module {
  const char* name;
  const char* library;  // what it needs, in words
  const char* install;
};
// In the order in which "auto" tries them.
constexpr std::array kModules = {
    Module{"openvino", "OpenVINO's runtime libraries",
           "run 'make setup' in octet's folder, which fetches them from the Python package "
           "'openvino'"},
    Module{"onnxruntime", "ONNX Runtime's library",
           "run 'make engines' in octet's folder, which fetches it from the Python package "
           "'onnxruntime'"},
    Module{"tflite", "TensorFlow Lite's library",
           "run 'make engines' in octet's folder, which fetches it"},
    Module{"armnn", "Arm NN", "install libarmnntfliteparser22 and a backend of it"}};
// What is run only when it is named.
constexpr std::string_view kSlow = "armnn";

std::filesystem::path program_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path(".") : program.parent_path();
}

}  // namespace

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const Module& module : kModules) names.emplace_back(module.name);
  return names;
}

std::vector<std::string> quick_engine_names() {
  auto names = engine_names();
  std::erase(names, kSlow);
  return names;
}

std::unique_ptr<Engine> load_engine(const std::string& name) {
  for (const Module& module : kModules) {
    if (name != module.name) continue;
    const auto file = program_folder() / fmt::format("octet_engine_{}.so", module.name);
    if (!std::filesystem::exists(file))
      fail("engine {}: the module {} is missing; build it with 'make build'", module.name,
           file.string());
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
      fail("engine {}: {} cannot be loaded ({}); {}", module.name, module.library, ::dlerror(),
           module.install);
    const auto make = reinterpret_cast<MakeEngine>(::dlsym(library, "octet_make_engine"));
    if (make == nullptr)
      fail("engine {}: {} is not a module of this version of octet; build it again", module.name,
           file.string());
    return std::unique_ptr<Engine>(make());
  }
  fail_usage("--engine {}: is not known; there are: auto, {}", name,
             fmt::join(engine_names(), ", "));
}

std::unique_ptr<Engine> load_engine(const std::string& name, std::optional<NetworkFormat> format,
                                    int weight_bits) {
  const auto reads = [&](const Engine& engine) {
    const auto list = engine.formats();
    return !format || std::find(list.begin(), list.end(), *format) != list.end();
  };
  if (name != "auto") {
    auto engine = load_engine(name);
    if (reads(*engine)) return engine;
    fail_usage("--engine {}: does not read files of this format; leave the option out", name);
  }
  std::string reasons;
  std::unique_ptr<Engine> saturating;
  for (const Module& module : kModules) {
    if (saturating && module.name == kSlow) continue;
    try {
      auto engine = load_engine(module.name);
      if (!reads(*engine)) continue;
      if (!can_saturate(weight_bits) || !engine->abilities().int8_saturates) return engine;
      if (!saturating) saturating = std::move(engine);
    } catch (const Error& e) {
      reasons += std::string(reasons.empty() ? "" : "; ") + e.what();
    }
  }
  if (saturating) return saturating;
  fail("no engine is installed that could run it: {}", reasons);
}

}  // namespace octet
