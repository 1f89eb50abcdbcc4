#include "app/octet/bench_cost.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "core/error.h"
#include "core/log.h"
#include "core/output.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "measure/cost/cost_file.h"
#include "measure/cost/layer_timer.h"
#include "measure/cost/sample_network.h"
#include "model/passes/passes.h"

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
};

int bits_of(const Model& model) {
  return model.quantization.empty() ? kUsualBits : model.quantization.weight_grid.bits;
}

std::vector<Case> cases_of(const CostTableOptions& o) {
  std::vector<Case> cases;
  for (const std::string& file : o.models) {
    Model model = fold_batch_norm(read_model(file));
    if (model.quantization.empty()) model = roughly_quantized(std::move(model), kUsualBits);
    if (!cases.empty() && bits_of(model) != bits_of(cases[0].model))
      fail_usage("--cost-table: {} has weights of {} bits, and {} of {}; measure them one by one",
                 file, bits_of(model), cases[0].file, bits_of(cases[0].model));
    for (const std::string& text : o.sizes) {
      const int usual = model.info.usual_side();
      const Size size = text.empty() ? Size{usual, usual} : SizeOption::parse(text).size;
      cases.push_back({file, model, size});
    }
  }
  return cases;
}

std::string engine_name(const std::string& wanted, int weight_bits) {
  if (wanted != "auto") return wanted;
  return std::string(choose_engine({.weight_bits = weight_bits})->row().name);
}

// A table of this machine that is out of date is made again. One that was named is never replaced.
std::optional<CostTable> table_there(const fs::path& file, bool named, const CostOrigin& origin) {
  if (!fs::exists(file)) return std::nullopt;
  CostTable table = read_cost_table(file);
  const std::string why = difference(table.origin(), origin);
  if (why.empty()) return table;
  if (named)
    fail_usage("--cost-table {}: cannot be extended, since {}; name another file", file.string(),
               why);
  log_info("{}: is made again, since {}", file.string(), why);
  return std::nullopt;
}

std::vector<Layer> missing_points(const Case& c, const CostTable& table) {
  std::set<Layer> points;
  for (const Layer& layer : layers_of(c.model.graph, c.size)) {
    for (const Layer& point : table.points_within(layer)) {
      if (!table.has(point)) points.insert(point);
    }
  }
  return {points.begin(), points.end()};
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

// Measures what the table lacks, keeps it in the file, and compares the sum with the network's time.
NetworkTime measure_case(const Case& c, LayerTimer& timer, const fs::path& file, CostTable& table) {
  const bool done = measure_layers(missing_points(c, table), timer, table);
  write_cost_table(file, table);
  if (!done)
    fail("interrupted: {} keeps what was measured, and the same command goes on", file.string());
  return {.model = fs::path(c.file).filename().string(),
          .size = c.size,
          .predicted_s = table.predict(c.model.graph, c.size),
          .measured_s = timer.time(c.model, c.size)};
}

}  // namespace

void write_cost_table_of(const CostTableOptions& o) {
  const std::vector<Case> cases = cases_of(o);
  const int bits = bits_of(cases.at(0).model);
  LayerTimer timer({.engine = engine_name(o.engine, bits),
                    .threads = o.threads,
                    .weight_bits = bits,
                    .seconds = o.seconds},
                   OCTET_VERSION);
  const bool named = o.file != kCostCache;
  const fs::path file = named ? fs::path(o.file) : cost_file_in(cache_folder(), timer.origin());
  auto found = table_there(file, named, timer.origin());
  CostTable table = found ? std::move(*found) : CostTable(timer.origin(), timer.measure_steps());
  const size_t before = table.times().size();
  auto rows = ordered_json::array();
  for (const Case& c : cases) {
    const NetworkTime network = measure_case(c, timer, file, table);
    table.add(network);
    rows.push_back(row_of(network, table.origin()));
  }
  write_cost_table(file, table);
  const size_t times = table.times().size();
  log_info("{}: has {} times, {} of them new", file.string(), times, times - before);
  o.json ? print_json({{"cost_table", file.string()},
                       {"steps", {table.steps().inputs, table.steps().outputs}},
                       {"rows", rows}})
         : print_rows(rows);
}

}  // namespace octet
