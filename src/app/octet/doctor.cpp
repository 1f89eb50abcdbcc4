#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/doctor_machine.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "app/version.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "engine/registry.h"
#include "measure/bench.h"

namespace octet {
namespace {
using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr double kBenchSeconds = 10;  // of all engines together
constexpr const char* kShippedModel = "models/yolov8n-int8.safetensors";

struct Options {
  bool bench = false, json = false;
};

// What each kind of model will run in.
ordered_json precisions(const EngineAbilities& abilities) {
  return {{"int8", abilities.int8_saturates          ? "int8, saturating with weights of 8 bits"
                   : abilities.int8_8_bits_is_slower ? "int8, faster with weights of 7 bits"
                                                     : "int8"},
          {"float_f32", "fp32"},
          {"float_auto", abilities.float_auto}};
}

ordered_json devices(Engine& engine) {
  auto list = ordered_json::array();
  for (const EngineDevice& d : engine.devices())
    list.push_back({{"device", d.name}, {"title", d.title}, {"computes", d.precisions}});
  return list;
}

ordered_json engines() {
  auto list = ordered_json::array();
  for (const std::string& name : engine_names()) {
    ordered_json one{{"name", name}};
    try {
      const auto engine = load_engine(name);
      one["version"] = engine->version();
      one["installed"] = true;
      one["precisions"] = precisions(engine->abilities());
      if (auto present = devices(*engine); !present.empty()) one["devices"] = std::move(present);
    } catch (const Error& e) {
      one["installed"] = false;
      one["reason"] = e.what();
    }
    list.push_back(std::move(one));
  }
  return list;
}

void print_engine(const ordered_json& e) {
  if (!e["installed"].get<bool>()) {
    print_out("engine     {}: not installed: {}\n", e["name"].get<std::string>(),
              e["reason"].get<std::string>());
    return;
  }
  const auto& p = e["precisions"];
  print_out("engine     {}: int8 models in {}; float models in {}, with --precision auto in {}\n",
            e["version"].get<std::string>(), p["int8"].get<std::string>(),
            p["float_f32"].get<std::string>(), p["float_auto"].get<std::string>());
  if (!e.contains("devices")) return;
  for (const auto& d : e["devices"])
    print_out("device     {} of {}: {}, computes {}\n", d["device"].get<std::string>(),
              e["name"].get<std::string>(), d["title"].get<std::string>(),
              fmt::join(d["computes"].get<std::vector<std::string>>(), ", "));
}

void print(const ordered_json& j) {
  const auto text = [&](const char* key) { return j[key].get<std::string>(); };
  const int cores = j["cores"], usable = j["usable_cores"];
  print_out("processor  {}, {} cores{}\n", text("cpu").empty() ? "unknown" : text("cpu"), cores,
            usable < cores ? fmt::format(", of which octet may use {}", usable) : "");
  print_out("features   {}\n", fmt::join(j["features"].get<std::vector<std::string>>(), " "));
  print_out("int8       {}\n",
            j["int8_products_saturate"].get<bool>()
                ? "no VNNI: OpenVINO saturates with weights of 8 bits, ONNX Runtime takes longer; "
                  "--weight-bits 7 makes models for them"
                : "exact products: weights of 8 bits");
  print_machine(j);
  for (const auto& e : j["engines"]) print_engine(e);
}

void print_bench_of(const ordered_json& bench) {
  if (bench["rows"].empty()) return;
  print_out("\n");
  print_bench(bench["rows"]);
  print_load(bench["after"]);
}

int64_t quick_engines_in(const ordered_json& engines) {
  const std::vector<std::string> quick = quick_engine_names();
  return std::count_if(engines.begin(), engines.end(), [&](const ordered_json& e) {
    return e["installed"].get<bool>() &&
           std::find(quick.begin(), quick.end(), e["name"].get<std::string>()) != quick.end();
  });
}

// The rows that it printed count, however it ended. Returns the reason of a failure.
std::string add_rows(const fs::path& model, int64_t engines, ordered_json& rows) {
  log_info("measuring {} in {} engines", model.filename().string(), engines);
  const ProgramResult done =
      run_program({"/proc/self/exe", "bench", "--json", "--model", model.string(), "--engine",
                   "all", "--rounds", "1", "--seconds",
                   fmt::format("{:.2f}", kBenchSeconds / static_cast<double>(engines))});
  const auto printed = ordered_json::parse(done.out, nullptr, false);
  if (printed.is_object()) rows = printed["rows"];
  for (auto& row : rows) row["model"] = model.filename().string();
  if (stop_requested()) return "interrupted";
  return done.status == 0 ? "" : "not every engine could be measured; the log has the reason";
}

// The shipped model in each installed engine that is quick.
ordered_json bench(const ordered_json& engines) {
  ordered_json out{{"rows", ordered_json::array()}};
  const fs::path model = find_data(kShippedModel);
  const int64_t count = quick_engines_in(engines);
  std::string reason;
  if (model.empty())
    reason = fmt::format("the model {} is not installed; install the package octet-models",
                         fs::path(kShippedModel).filename().string());
  else if (count == 0)
    reason = "no engine that is quick is installed; the list of engines has the reasons";
  else
    reason = add_rows(model, count, out["rows"]);
  out["after"] = describe_load(SystemFiles());
  if (!reason.empty()) out["error"] = reason;
  return out;
}

ordered_json describe() {
  const CpuFeatures cpu = cpu_features();
  const bool saturates = cpu.int8_products_saturate();
  ordered_json j{{"octet", version_text()},
                 {"cpu", cpu.name},
                 {"cores", cpu.cores},
                 {"usable_cores", usable_cores()},
                 {"features", cpu.present},
                 {"int8_products_saturate", saturates},
                 {"weight_bits", saturates ? 7 : 8}};
  j.update(describe_machine(SystemFiles()));
  j["engines"] = engines();
  return j;
}

// What is known is shown before the benchmark, which takes a while and may fail.
void run(const Options& options) {
  ordered_json j = describe();
  if (!options.json) print(j);
  if (options.bench) {
    finish_output();
    j["bench"] = bench(j["engines"]);
    if (!options.json) print_bench_of(j["bench"]);
  }
  if (options.json) print_json(j);
  if (options.bench && j["bench"].contains("error"))
    fail("--bench: {}", j["bench"]["error"].get<std::string>());
}

}  // namespace

void add_doctor(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "doctor");
  verb->add_flag("--bench", options->bench,
                 "Run the shipped int8 model in each engine, ten seconds in all. With --json the "
                 "result is a file to send to the developers.");
  add_json_option(*verb, options->json);
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
