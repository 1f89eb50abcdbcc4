#include "measure/profile/cut_networks.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "graph/topology.h"
#include "measure/cost/layer.h"
#include "measure/cost/sample_network.h"

namespace octet {
namespace {

constexpr size_t kMeasuredAlone = 5;
constexpr int kProbeChannels = 8;

// Takes the image, and hands over next to nothing.
Model image_alone(const Model& model) {
  Model probe;
  probe.graph.input = model.graph.input;
  const Tensor weight{.shape = {kProbeChannels, 3, 1, 1},
                      .values = std::vector<float>(size_t{kProbeChannels} * 3, 0.5F)};
  const Tensor bias{.shape = {kProbeChannels}, .values = std::vector<float>(kProbeChannels, 0.5F)};
  probe.graph.nodes.push_back(
      {.name = "probe",
       .op = Conv2d{.stride = kInputMultiple, .weight = weight, .bias = bias},
       .inputs = {probe.graph.input}});
  probe.add_output({.value = "probe", .role = OutputRole::kBox, .stride = 1});
  if (model.quantization.empty()) return probe;
  return roughly_quantized(std::move(probe), model.quantization.weight_grid.bits);
}

// A slice costs nothing where nothing reads it, and is no output of a cut network.
void drop_unread_slices(Graph& graph, std::set<std::string> read) {
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (std::holds_alternative<Slice>(node.op) && !read.contains(node.name)) {
      graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      read.insert(node.inputs.begin(), node.inputs.end());
    }
  }
}

template <typename T>
void keep_nodes(std::map<std::string, T>& of_nodes, const std::set<std::string>& nodes) {
  std::erase_if(of_nodes, [&](const auto& entry) { return !nodes.contains(entry.first); });
}

// How many nodes the network has with each layer: those up to it, and its activation.
std::vector<size_t> cuts_of(const Graph& graph, const std::vector<PlacedLayer>& layers) {
  const Topology topology(graph);
  std::vector<size_t> cuts;
  for (const PlacedLayer& layer : layers) {
    const auto at = std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
      return node.name == layer.outputs.front();
    });
    auto end = static_cast<size_t>(at - graph.nodes.begin()) + 1;
    const Node* act =
        std::holds_alternative<Conv2d>(at->op) ? topology.activation_after(*at) : nullptr;
    if (act != nullptr) end = std::max(end, static_cast<size_t>(act - graph.nodes.data()) + 1);
    cuts.push_back(end);
  }
  return cuts;
}

// Nothing tells the arithmetic that the engine chose.
LayerTime layer_time(const PlacedLayer& layer) {
  const std::string& node = layer.outputs.front();
  return {.name = node,
          .operators = {node},
          .type = layer.layer.kind.op,
          .kernel = {},
          .precision = {},
          .fallback = {},
          .multiplications = multiplications(layer.layer)};
}

void measure_alone(const std::vector<PlacedLayer>& layers, LayerTimer& timer,
                   std::vector<CutLayer>& times) {
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return times[a + 1].time.seconds > times[b + 1].time.seconds;
  });
  order.resize(std::min(order.size(), kMeasuredAlone));
  for (const size_t i : order) times[i + 1].alone_s = timer.time(layers[i].layer);
}

}  // namespace

Model first_nodes(const Model& model, size_t count) {
  Model cut{.info = model.info,
            .graph = {.input = model.graph.input, .nodes = {}, .outputs = {}},
            .quantization = model.quantization};
  const auto end = model.graph.nodes.begin() + static_cast<std::ptrdiff_t>(count);
  cut.graph.nodes.assign(model.graph.nodes.begin(), end);
  const std::set<std::string> ends(model.graph.outputs.begin(), model.graph.outputs.end());
  drop_unread_slices(cut.graph, ends);
  const Topology topology(cut.graph);
  std::set<std::string> kept{cut.graph.input};
  for (const Node& node : cut.graph.nodes) {
    kept.insert(node.name);
    if (!topology.consumers(node.name).empty() && !ends.contains(node.name)) continue;
    const auto index = static_cast<int>(cut.head_outputs.size()) + 1;
    cut.add_output({.value = node.name, .role = OutputRole::kBox, .stride = index});
  }
  keep_nodes(cut.quantization.values, kept);
  keep_nodes(cut.quantization.convs, kept);
  return cut;
}

std::vector<CutLayer> time_cut_networks(const Model& model, Size size, LayerTimer& timer) {
  std::vector<PlacedLayer> layers = placed_layers(model.graph, size);
  std::erase_if(layers, [](const PlacedLayer& layer) { return layer.outputs.empty(); });
  const std::vector<size_t> cuts = cuts_of(model.graph, layers);
  const std::vector<double> seconds = timer.differences(cuts.size() + 1, size, [&](size_t i) {
    return i == 0 ? image_alone(model) : first_nodes(model, cuts[i - 1]);
  });
  std::vector<CutLayer> times;
  times.push_back({.time = {.name = "image",
                            .operators = {},
                            .type = "Input",
                            .kernel = {},
                            .precision = {},
                            .fallback = {},
                            .seconds = seconds[0]}});
  for (size_t i = 0; i < layers.size(); ++i) {
    times.push_back({.time = layer_time(layers[i])});
    times.back().time.seconds = seconds[i + 1];
  }
  if (!model.quantization.empty()) measure_alone(layers, timer, times);
  return times;
}

}  // namespace octet
