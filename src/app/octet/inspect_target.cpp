#include "app/octet/inspect_target.h"

#include <map>
#include <nlohmann/json.hpp>

#include "core/output.h"
#include "model/passes/passes.h"

namespace octet {

using nlohmann::ordered_json;

void add_paper_costs(const Model& model, Size size, const XnnpackTile& tile, ordered_json& j) {
  std::map<Layer, int> counts;
  for (const Layer& layer : layers_of(fold_batch_norm(model).graph, size)) ++counts[layer];
  PaperCost total;
  auto list = ordered_json::array();
  for (const auto& [layer, count] : counts) {
    const PaperCost one = cost_on(tile, layer);
    if (one.bytes == 0) continue;
    total.operations += count * one.operations;
    total.padded_operations += count * one.padded_operations;
    total.bytes += count * one.bytes;
    list.push_back({{"layer", to_string(layer)},
                    {"count", count},
                    {"mops", one.operations / 1e6},
                    {"padded_mops", one.padded_operations / 1e6},
                    {"mbytes", one.bytes / 1e6}});
  }
  j["target"] = tile.target;
  j["processor"] = tile.processor;
  j["tile"] = {tile.inputs, tile.outputs};
  j["gops"] = total.operations / 1e9;
  j["padded_gops"] = total.padded_operations / 1e9;
  j["mbytes"] = total.bytes / 1e6;
  j["layers_on_target"] = std::move(list);
}

void print_paper_costs(const ordered_json& j) {
  print_out("\nint8 on {} ({}), by XNNPACK's kernels; nothing is measured:\n",
            j["target"].get<std::string>(), j["processor"].get<std::string>());
  print_out("{:>6} {:>10} {:>10} {:>8}  {}\n", "times", "MOPs", "padded", "MB", "layer");
  for (const auto& l : j["layers_on_target"])
    print_out("{:>6} {:>10.2f} {:>10.2f} {:>8.3f}  {}\n", l["count"].get<int>(),
              l["mops"].get<double>(), l["padded_mops"].get<double>(), l["mbytes"].get<double>(),
              l["layer"].get<std::string>());
  print_out(
      "{:.2f} GOPs, {:.2f} with channels padded to {} inputs and {} outputs, {:.1f} MB moved\n",
      j["gops"].get<double>(), j["padded_gops"].get<double>(), j["tile"][0].get<int>(),
      j["tile"][1].get<int>(), j["mbytes"].get<double>());
}

}  // namespace octet
