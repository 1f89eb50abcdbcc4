#include "measure/cost/machine_table.h"

#include <optional>
#include <set>

#include "core/error.h"
#include "core/folder.h"
#include "core/log.h"
#include "engine/registry.h"
#include "measure/cost/cost_file.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

std::optional<CostTable> table_there(const fs::path& file, bool named, const CostOrigin& origin) {
  if (!fs::exists(file)) return std::nullopt;
  CostTable table = read_cost_table(file);
  const std::string why = difference(table.origin(), origin);
  if (why.empty()) return table;
  if (named) fail_usage("{}: cannot be extended, since {}; name another file", file.string(), why);
  log_info("{}: is made again, since {}", file.string(), why);
  return std::nullopt;
}

CostTable begin(const fs::path& file, bool named, LayerTimer& timer) {
  if (auto table = table_there(file, named, timer.origin())) return std::move(*table);
  return {timer.origin(), timer.measure_steps()};
}

fs::path path_of(const std::string& file, const CostOrigin& origin) {
  return file == kCostCache ? cost_file_in(cache_folder(), origin) : fs::path(file);
}

}  // namespace

std::string cost_engine(const std::string& wanted, int weight_bits) {
  if (wanted != "auto") return wanted;
  return std::string(choose_engine({.weight_bits = weight_bits})->row().name);
}

MachineTable::MachineTable(const std::string& file, LayerTimer& timer)
    : timer_(timer),
      file_(path_of(file, timer.origin())),
      table_(begin(file_, file != kCostCache, timer)) {}

void MachineTable::extend(const std::vector<Graph>& graphs, Size size) {
  std::set<Layer> points;
  for (const Graph& graph : graphs) {
    for (const Layer& layer : layers_of(graph, size)) {
      for (const Layer& point : table_.points_within(layer)) {
        if (!table_.has(point)) points.insert(point);
      }
    }
  }
  const auto keep = [&] { write_cost_table(file_, table_); };
  const bool done = measure_layers({points.begin(), points.end()}, timer_, table_, keep);
  keep();
  if (!points.empty())
    log_info("{}: has {} times, {} of them new", file_.string(), table_.times().size(),
             points.size());
  if (!done)
    fail("interrupted: {} keeps what was measured, and the same command goes on", file_.string());
}

void MachineTable::add(const NetworkTime& network) {
  table_.add(network);
  write_cost_table(file_, table_);
}

}  // namespace octet
