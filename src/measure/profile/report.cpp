#include "measure/profile/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "measure/profile/node_names.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

ordered_json to_json(const ProfiledLayer& layer) {
  ordered_json j{{"name", layer.time.name},           {"type", layer.time.type},
                 {"ms", 1e3 * layer.time.seconds},    {"share", layer.share},
                 {"precision", layer.time.precision}, {"kernel", layer.time.kernel}};
  if (!layer.node.empty()) j["node"] = layer.node;
  j["gops"] = layer.gops;
  if (layer.of_peak) j["of_peak"] = *layer.of_peak;
  if (layer.alone_ms) j["alone_ms"] = *layer.alone_ms;
  if (!layer.time.fallback.empty()) j["fallback"] = layer.time.fallback;
  return j;
}

// Sums over the layers of each block, in the order in which blocks begin.
struct BlockTimes {
  std::vector<std::string> order;
  std::map<std::string, double> ms;

  explicit BlockTimes(const Profile& profile) {
    for (const ProfiledLayer& layer : profile.layers) {
      const std::string name = layer.node.empty() ? layer.time.type : block_of(layer.node);
      const auto [at, is_new] = ms.try_emplace(name, 0);
      if (is_new) order.push_back(name);
      at->second += 1e3 * layer.time.seconds;
    }
  }
  [[nodiscard]] std::optional<double> of(const std::string& name) const {
    const auto at = ms.find(name);
    return at == ms.end() ? std::nullopt : std::optional(at->second);
  }
};

}  // namespace

ordered_json to_json(const Profile& p) {
  ordered_json j{{"model", p.model},
                 {"engine", p.network.engine},
                 {"device", p.network.device},
                 {"precision", p.network.precision},
                 {"imgsz", {p.input.width, p.input.height}},
                 {"threads", p.network.threads},
                 {"frames", p.frames},
                 {"ms", p.inference_ms},
                 {"mean_ms", p.mean_ms},
                 {"profiled_ms", p.profiled_ms},
                 {"layers_ms", p.layers_ms},
                 {"measured_by", p.cut ? "cut networks" : "engine"},
                 {"cpu_ms_per_frame", p.cpu_ms_per_frame}};
  if (p.cut) j["fast_ms"] = p.fast_ms;
  if (p.timing_ms > 0) j["timing_ms"] = p.timing_ms;
  if (p.joules_per_frame) j["joules_per_frame"] = *p.joules_per_frame;
  j["phases"] = ordered_json::array();
  for (const Phase& phase : p.phases)
    j["phases"].push_back({{"name", phase.name}, {"ms", phase.ms}});
  j["layers"] = ordered_json::array();
  for (const ProfiledLayer& layer : p.layers) j["layers"].push_back(to_json(layer));
  j["peaks"] = ordered_json::array();
  for (const Peak& peak : p.peaks)
    j["peaks"].push_back(
        {{"precision", peak.precision}, {"gops", peak.gops}, {"origin", peak.origin}});
  return j;
}

std::vector<ComparedBlock> compare_blocks(const Profile& first, const Profile& second) {
  const BlockTimes a(first), b(second);
  std::vector<ComparedBlock> blocks;
  for (const std::string& name : a.order) blocks.push_back({name, a.of(name), b.of(name)});
  for (const std::string& name : b.order) {
    if (!a.of(name)) blocks.push_back({name, std::nullopt, b.of(name)});
  }
  return blocks;
}

ordered_json to_json(const std::vector<ComparedBlock>& blocks) {
  auto list = ordered_json::array();
  for (const ComparedBlock& block : blocks) {
    ordered_json j{{"block", block.name}};
    if (block.first_ms) j["ms"] = *block.first_ms;
    if (block.second_ms) j["compared_ms"] = *block.second_ms;
    list.push_back(std::move(j));
  }
  return list;
}

std::string shown_name(const ProfiledLayer& layer) {
  return layer.node.empty() ? layer.time.name : layer.node;
}

std::string short_name(const Profile& p) {
  const std::filesystem::path path = p.model;
  return fmt::format("{}, {}", path.has_filename() ? path.filename().string() : path.string(),
                     p.network.engine.substr(0, p.network.engine.rfind(' ')));
}

double whole_ms(const Profile& p) { return p.cut ? p.fast_ms : p.inference_ms; }

std::string sum_text(const Profile& p) {
  const std::string by = p.cut ? "differences of cut networks" : "timed by the engine itself";
  const double whole = whole_ms(p), share = whole > 0 ? 100 * p.layers_ms / whole : 0;
  std::string out =
      fmt::format("{} layers, {}: {:.2f} ms together, {:.1f} % of the {:.2f} ms of {} inference",
                  p.layers.size(), by, p.layers_ms, share, whole, p.cut ? "a fast" : "a usual");
  if (p.timing_ms > 0)
    out += fmt::format("; {:.2f} ms of the timing itself are taken off, from each the same",
                       p.timing_ms);
  return out;
}

std::string peak_text(const Peak& peak) {
  return fmt::format("{}: {:.0f} GOP/s at most, {}", peak.precision, peak.gops, peak.origin);
}

}  // namespace octet
