#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/output.h"
#include "engine/registry.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

// What each kind of model will run in.
ordered_json precisions(const EngineAbilities& abilities) {
  return {{"int8", abilities.int8_saturates          ? "int8, saturating with weights of 8 bits"
                   : abilities.int8_8_bits_is_slower ? "int8, faster with weights of 7 bits"
                                                     : "int8"},
          {"float_f32", "fp32"},
          {"float_auto", abilities.float_auto}};
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
                       {"engines", engines()}};
  if (as_json) {
    print_json(j);
    return;
  }
  print_out("processor  {}, {} cores\n", cpu.name, cpu.cores);
  print_out("features   {}\n", fmt::join(cpu.present, " "));
  print_out("int8       {}\n",
            saturates
                ? "no VNNI: OpenVINO saturates with weights of 8 bits, ONNX Runtime takes longer; "
                  "--weight-bits 7 makes models for them"
                : "exact products: weights of 8 bits");
  for (const auto& e : j["engines"]) {
    if (!e["installed"].get<bool>()) {
      print_out("engine     {}: not installed: {}\n", e["name"].get<std::string>(),
                e["reason"].get<std::string>());
      continue;
    }
    const auto& p = e["precisions"];
    print_out("engine     {}: int8 models in {}; float models in {}, with --precision auto in {}\n",
              e["version"].get<std::string>(), p["int8"].get<std::string>(),
              p["float_f32"].get<std::string>(), p["float_auto"].get<std::string>());
  }
}

}  // namespace

void add_doctor(CLI::App& root) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = add_verb(root, "doctor");
  add_json_option(*verb, *json);
  verb->callback([json] { run(*json); });
}

}  // namespace octet
