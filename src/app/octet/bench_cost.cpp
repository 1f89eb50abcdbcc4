#include "app/octet/bench_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "core/error.h"
#include "core/output.h"
#include "format/model_file.h"
#include "graph/passes/passes.h"
#include "measure/cost/layer_timer.h"
#include "measure/cost/machine_table.h"
#include "measure/cost/sample_network.h"
#include "model/passes/passes.h"
#include "model/smaller_networks.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kUsualBits = 8;

// A model as it runs, at one size.
struct Case {
  std::string file;
  Model model;  // int8, without BatchNorm
  Size size;
  std::vector<Graph> smaller;  // what pruning may make of a float model
};

int bits_of(const Model& model) {
  return model.quantization.empty() ? kUsualBits : model.quantization.weight_grid.bits;
}

// 'octet compress' tries ReLU6 in place of SiLU.
std::vector<Graph> networks_to_price(const Model& model) {
  std::vector<Graph> graphs = smaller_networks(model);
  if (!has_silu(model.graph)) return graphs;
  std::vector<Graph> other = smaller_networks(replace_activation(model, ActivationKind::kRelu6));
  std::move(other.begin(), other.end(), std::back_inserter(graphs));
  return graphs;
}

// With its folder: trainings name all their files alike.
std::string name_in_table(const fs::path& file) {
  return (fs::absolute(file).parent_path().filename() / file.filename()).string();
}

std::vector<Case> cases_of(const CostTableOptions& o) {
  std::vector<Case> cases;
  for (const std::string& file : o.models) {
    Model model = fold_batch_norm(read_model(file));
    require_known_outputs(model, file);
    std::vector<Graph> smaller{model.graph};
    if (model.quantization.empty()) {
      smaller = networks_to_price(model);
      model = roughly_quantized(add_fine_keypoints(std::move(model)), kUsualBits);
    }
    if (!cases.empty() && bits_of(model) != bits_of(cases[0].model))
      fail_usage("--cost-table: {} has weights of {} bits, and {} of {}; measure them one by one",
                 file, bits_of(model), cases[0].file, bits_of(cases[0].model));
    for (const std::string& text : o.sizes) {
      const int usual = model.info.usual_side();
      const Size size = text.empty() ? Size{usual, usual} : SizeOption::parse(text).size;
      cases.push_back({file, model, size, smaller});
    }
  }
  return cases;
}

ordered_json row_of(const NetworkTime& network, const CostOrigin& origin) {
  return {{"model", network.model},
          {"engine", origin.engine_version},
          {"imgsz", {network.size.width, network.size.height}},
          {"threads", origin.threads},
          {"predicted_ms", 1e3 * network.predicted_s},
          {"measured_ms", 1e3 * network.measured_s},
          {"error", network.error()}};
}

void print_rows(const ordered_json& rows) {
  print_out("{:<28} {:<24} {:>9} {:>4} {:>12} {:>12} {:>7}\n", "file", "engine", "size", "thr",
            "predicted ms", "measured ms", "error");
  for (const auto& r : rows)
    print_out("{:<28} {:<24} {:>9} {:>4} {:>12.2f} {:>12.2f} {:>6.1f}%\n",
              fs::path(r["model"].get<std::string>()).filename().string(),
              r["engine"].get<std::string>(),
              fmt::format("{}x{}", r["imgsz"][0].get<int>(), r["imgsz"][1].get<int>()),
              r["threads"].get<int>(), r["predicted_ms"].get<double>(),
              r["measured_ms"].get<double>(), 100 * r["error"].get<double>());
}

NetworkTime measure_case(const Case& c, LayerTimer& timer, MachineTable& table) {
  table.extend(c.smaller, c.size);
  const NetworkTime time{.model = name_in_table(c.file),
                         .size = c.size,
                         .predicted_s = table.table().predict(c.model.graph, c.size),
                         .measured_s = timer.time(c.model, c.size)};
  table.add(time);
  return time;
}

}  // namespace

void write_cost_table_of(const CostTableOptions& o) {
  const std::vector<Case> cases = cases_of(o);
  const int bits = bits_of(cases.at(0).model);
  LayerTimer timer({.engine = cost_engine(o.engine, bits),
                    .threads = o.threads,
                    .weight_bits = bits,
                    .seconds = o.seconds},
                   OCTET_VERSION);
  MachineTable table(o.file, timer);
  auto rows = ordered_json::array();
  for (const Case& c : cases) rows.push_back(row_of(measure_case(c, timer, table), timer.origin()));
  const ChannelSteps steps = table.table().steps();
  o.json ? print_json({{"cost_table", table.file().string()},
                       {"steps", {steps.inputs, steps.outputs}},
                       {"rows", rows}})
         : print_rows(rows);
}

}  // namespace octet
