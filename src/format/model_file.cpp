#include "format/model_file.h"

#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json/parse_json.h"
#include "core/text/json_text.h"
#include "format/checkpoint/checkpoint.h"
#include "format/registry.h"
#include "graph/json/quantization_json.h"
#include "quant/params.h"
#include "quant/placement.h"

namespace octet {
namespace {
using nlohmann::json;

constexpr const char* kKey = "octet";
constexpr int kVersion = 1;
// Of a node in the graph and in what is asked about the graph, and of each of its inputs.
constexpr size_t kNodeBytes = 1024, kInputBytes = 256;

json to_json(const Quantization& q) {
  return {{"weight_bits", q.weight_grid.bits},
          {"even_weights", q.weight_grid.even},
          {"values", to_json(q.values)}};
}

Quantization quantization_from_json(const json& j) {
  Quantization q;
  q.weight_grid = {.bits = j.at("weight_bits").get<int>(), .even = j.value("even_weights", false)};
  if (q.weight_grid.bits < 7 || q.weight_grid.bits > 8)
    fail("weights of {} bits", q.weight_grid.bits);
  q.values = quant_params_from_json(j.at("values"));
  return q;
}

void take_graph(const json& graph, Budget& budget) {
  for (const json& node : graph.at("nodes")) {
    budget.take(kNodeBytes);
    budget.take(node.at("inputs").size(), kInputBytes);
  }
}

// A convolution stored in integers: they are kept, and the real values they stand for are put into
// the graph.
void take_integers(Node& node, Conv2d& conv, SafetensorsFile& file, Quantization& quantization) {
  const auto take = [&](const char* name) {
    auto found = file.integers.extract(node.name + "." + name);
    if (found.empty()) fail("the tensor '{}.{}' is missing", node.name, name);
    return std::move(found.mapped());
  };
  const IntegerData weight = take("weight");
  const IntegerData bias = take("bias");
  auto scales = file.tensors.extract(node.name + ".scales");
  if (scales.empty()) fail("the tensor '{}.scales' is missing", node.name);
  const QuantParams* input = quantization.find(node.inputs.at(0));
  if (input == nullptr) fail("[{}] has int8 weights, but its input is not quantized", node.name);
  QuantizedConv q{.scales = std::move(scales.mapped().values), .weight = {}, .bias = bias.values};
  if (weight.shape.size() != 4 || q.scales.size() != static_cast<size_t>(weight.shape[0]) ||
      q.bias.size() != q.scales.size() || q.scales.empty())
    fail("[{}] its weights, biases and scales do not fit together", node.name);
  for (const float s : q.scales) {
    if (!std::isfinite(s) || s <= 0) fail("[{}] has a weight scale of {}", node.name, s);
  }
  const int unit = quantization.weight_grid.unit();
  const int limit = quantization.weight_grid.limit() * unit;
  for (const int32_t w : weight.values) {
    if (w % unit != 0) fail("[{}] has a weight of {}, which is odd", node.name, w);
    if (w < -limit || w > limit) fail("[{}] has a weight of {}, beyond ±{}", node.name, w, limit);
    q.weight.push_back(static_cast<int8_t>(w));
  }
  conv.weight = {weight.shape, std::vector<float>(q.weight.size())};
  dequantize_into(conv, q, *input);
  quantization.convs.emplace(node.name, std::move(q));
}

// The tensors an operator needs, to be filled from the file.
void take_tensors(Node& node, SafetensorsFile& file, Quantization& quantization) {
  if (auto* conv = std::get_if<Conv2d>(&node.op);
      conv != nullptr && file.integers.contains(node.name + ".weight"))
    return take_integers(node, *conv, file, quantization);
  const auto take = [&](std::string_view name, Tensor& tensor, Needed needed) {
    auto found = file.tensors.extract(fmt::format("{}.{}", node.name, name));
    if (found.empty() && needed == Needed::kYes)
      fail("the tensor '{}.{}' is missing", node.name, name);
    if (!found.empty()) tensor = std::move(found.mapped());
  };
  std::visit([&](auto& op) { visit_tensors(op, take); }, node.op);
}

}  // namespace

Model parse_model_file(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  SafetensorsFile file = parse_safetensors(bytes, budget);
  const auto entry = file.metadata.find(kKey);
  if (entry == file.metadata.end()) {
    fail(
        "{}: is a safetensors file, but not a model of octet's; make one with 'octet import "
        "MODEL.pt -o {}'",
        name, name);
  }
  try {
    const auto json = parse_json(entry->second, budget);
    const int version = json.at("version").get<int>();
    if (version > kVersion)
      fail("was written by a newer octet (file version {}); update octet", version);
    Model model{.info = info_from_json(json.at("info")), .graph = {}};
    take_graph(json.at("graph"), budget);
    read_graph_json(json.at("graph"), model);
    if (json.contains("quantization"))
      model.quantization = quantization_from_json(json.at("quantization"));
    for (Node& node : model.graph.nodes) take_tensors(node, file, model.quantization);
    verify(model);
    verify_quantization(model);
    return model;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: its metadata is damaged: {}", name, e.what());
  } catch (const Error& e) {
    if (std::string_view(e.what()).starts_with(name)) throw;
    fail("{}: {}", name, e.what());
  }
}

Model read_model_file(const std::filesystem::path& path) {
  return parse_model_file(read_file(path), path.string());
}

void write_model_file(const std::filesystem::path& path, const Model& model, StorageKind weights,
                      const Attachment& attachment) {
  json description{
      {"version", kVersion}, {"info", to_json(model.info)}, {"graph", graph_to_json(model)}};
  const Quantization& quantization = model.quantization;
  if (!quantization.empty()) description["quantization"] = to_json(quantization);
  std::map<std::string, std::string> metadata = attachment.metadata;
  metadata[kKey] = dump_json(description);
  metadata["format"] = "octet";
  if (!model.info.licence.empty()) metadata["license"] = model.info.licence;
  std::vector<StoredTensor> tensors;
  std::deque<Tensor> scales;
  for (const Node& node : model.graph.nodes) {
    const auto q = quantization.convs.find(node.name);
    if (q != quantization.convs.end()) {
      const QuantizedConv& c = q->second;
      const auto channels = static_cast<int64_t>(c.scales.size());
      scales.push_back({{channels}, c.scales});
      tensors.push_back({.name = node.name + ".scales", .tensor = &scales.back()});
      tensors.push_back({.name = node.name + ".weight",
                         .kind = StorageKind::kI8,
                         .shape = std::get<Conv2d>(node.op).weight.shape,
                         .integers = std::as_bytes(std::span(c.weight))});
      tensors.push_back({.name = node.name + ".bias",
                         .kind = StorageKind::kI32,
                         .shape = {channels},
                         .integers = std::as_bytes(std::span(c.bias))});
      continue;
    }
    for (const auto& [name, tensor] : parameters(node.op)) {
      tensors.push_back({.name = fmt::format("{}.{}", node.name, name),
                         .tensor = tensor,
                         .kind = name == "weight" ? weights : StorageKind::kF32});
    }
  }
  for (const auto& [name, tensor] : attachment.tensors)
    tensors.push_back({.name = name, .tensor = &tensor});
  write_safetensors(path, metadata, tensors);
}

Model read_model(const std::filesystem::path& path) {
  if (const ExportFormat* format = export_format_of(path))
    fail("{}: is an export ({}); a model file (.safetensors) or a checkpoint (.pt) is expected",
         path.string(), format->title);
  const std::vector<std::byte> bytes = read_file(path);
  const bool zip =
      bytes.size() >= 2 && static_cast<char>(bytes[0]) == 'P' && static_cast<char>(bytes[1]) == 'K';
  if (zip || path.extension() == ".pt" || path.extension() == ".pth")
    return parse_checkpoint(bytes, path.string());
  return parse_model_file(bytes, path.string());
}

}  // namespace octet
