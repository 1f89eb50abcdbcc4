#include <memory>
#include <nlohmann/json.hpp>

#include "app/verbs.h"
#include "core/cpu.h"
#include "core/error.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

// What each kind of model will run in.
ordered_json precisions(const CpuFeatures& cpu) {
  const bool bf16 = cpu.has("avx512_bf16") || cpu.has("amx_bf16");
  return {{"int8", cpu.int8_products_saturate() ? "int8, saturating" : "int8"},
          {"float_f32", "fp32"},
          {"float_auto", bf16              ? "bf16"
                         : cpu.has("fphp") ? "fp16"
                                           : "fp32"}};
}

ordered_json engines(const CpuFeatures& cpu) {
  auto list = ordered_json::array();
  for (const std::string& name : engine_names()) {
    ordered_json one{{"name", name}};
    try {
      one["version"] = load_engine(name)->version();
      one["installed"] = true;
      one["precisions"] = precisions(cpu);
    } catch (const Error& e) {
      one["installed"] = false;
      one["reason"] = e.what();
    }
    list.push_back(std::move(one));
  }
  return list;
}

void run(bool as_json) {
  const CpuFeatures cpu = cpu_features();
  const bool saturates = cpu.int8_products_saturate();
  const ordered_json j{{"cpu", cpu.name},
                       {"cores", cpu.cores},
                       {"features", cpu.present},
                       {"int8_products_saturate", saturates},
                       {"weight_bits", saturates ? 7 : 8},
                       {"engines", engines(cpu)}};
  if (as_json) {
    fmt::print("{}\n", j.dump());
    return;
  }
  fmt::print("processor  {}, {} cores\n", cpu.name, cpu.cores);
  fmt::print("features   {}\n", fmt::join(cpu.present, " "));
  fmt::print("int8       {}\n", saturates ? "products saturate: quantize with --weight-bits 7"
                                          : "exact products: weights of 8 bits");
  for (const auto& e : j["engines"]) {
    if (!e["installed"].get<bool>()) {
      fmt::print("engine     {}: not installed: {}\n", e["name"].get<std::string>(),
                 e["reason"].get<std::string>());
      continue;
    }
    const auto& p = e["precisions"];
    fmt::print(
        "engine     {}: int8 models in {}; float models in {}, with --precision auto in {}\n",
        e["version"].get<std::string>(), p["int8"].get<std::string>(),
        p["float_f32"].get<std::string>(), p["float_auto"].get<std::string>());
  }
}

}  // namespace

void add_doctor(CLI::App& root) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = root.add_subcommand("doctor", "what this processor and its engines can do");
  verb->add_flag("--json", *json, "print one JSON object on standard output");
  verb->callback([json] { run(*json); });
}

}  // namespace octet
