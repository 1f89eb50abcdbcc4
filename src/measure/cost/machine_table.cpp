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

// Throws an Error for a file that cannot be taken as it is.
CostTable usable_table(const fs::path& file, const CostOrigin& origin) {
  CostTable table = read_cost_table(file);
  const std::string why = difference(table.origin(), origin);
  if (!why.empty())
    fail_usage("{}: cannot be extended, since {}; name another file", file.string(), why);
  return table;
}

std::optional<CostTable> table_there(const fs::path& file, bool named, const CostOrigin& origin) {
  if (!fs::exists(file)) return std::nullopt;
  if (named) return usable_table(file, origin);
  try {
    return usable_table(file, origin);
  } catch (const Error& e) {  // it may be damaged, or of a newer octet
    log_info("{}: is made again, since it cannot be used: {}", file.string(), e.what());
    return std::nullopt;
  }
}

CostTable begin(const fs::path& file, bool named, LayerTimer& timer) {
  if (auto table = table_there(file, named, timer.origin())) return std::move(*table);
  return {timer.origin(), timer.measure_steps()};
}

fs::path path_of(const std::string& file, const CostOrigin& origin) {
  if (file != kCostCache) return file;
  const fs::path cache = cache_folder();
  return cache.empty() ? fs::path() : cost_file_in(cache, origin);
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
  const auto keep = [this] { write(); };
  const bool done = measure_layers({points.begin(), points.end()}, timer_, table_, keep);
  keep();
  if (!points.empty())
    log_info("{}: has {} times, {} of them new",
             file_.empty() ? "the table of this run" : file_.string(), table_.times().size(),
             points.size());
  if (!done && file_.empty()) fail("interrupted: nothing was kept, since there is no cache folder");
  if (!done)
    fail("interrupted: {} keeps what was measured, and the same command goes on", file_.string());
}

void MachineTable::add(const NetworkTime& network) {
  table_.add(network);
  write();
}

void MachineTable::write() const {
  if (!file_.empty()) write_cost_table(file_, table_);
}

}  // namespace octet
