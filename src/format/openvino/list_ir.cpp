#include <charconv>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json/parse_json.h"
#include "format/finite.h"
#include "format/openvino/ir.h"
#include "format/openvino/parse.h"
#include "graph/json/quantization_json.h"

namespace octet {
namespace {

constexpr size_t kFieldBytes = 192;  // of an entry of a listing, or of one of its fields

uint64_t whole_number(const pugi::xml_attribute& a, const std::string& where) {
  const std::string_view text = a.value();
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("{}: '{}' is not a whole number: '{}'", where, a.name(), text);
  return value;
}

// Where the values of a constant lie in the .bin.
std::span<const std::byte> values_of(pugi::xml_node data, std::span<const std::byte> weights,
                                     const std::string& where) {
  const uint64_t offset = whole_number(data.attribute("offset"), where);
  const uint64_t size = whole_number(data.attribute("size"), where);
  if (offset > weights.size() || size > weights.size() - offset)
    fail("{}: its values lie at {}, outside the .bin file of {} bytes", where, offset,
         weights.size());
  return weights.subspan(offset, size);
}

ListedTensor read_constant(pugi::xml_node data, std::span<const std::byte> weights,
                           const std::string& where, Budget& budget) {
  ListedTensor out{.type = data.attribute("element_type").value(), .shape = {}, .bytes = {}};
  const std::string_view dims = data.attribute("shape").value();
  for (size_t at = 0; at < dims.size();) {
    const size_t end = std::min(dims.find(',', at), dims.size());
    int64_t side = 0;
    const auto read = std::from_chars(dims.data() + at, dims.data() + end, side);
    if (read.ec != std::errc() || side < 0) fail("{}: its shape '{}' is damaged", where, dims);
    out.shape.push_back(side);
    at = end + 1;
  }
  const auto part = values_of(data, weights, where);
  budget.take(kFieldBytes + dims.size() * sizeof(int64_t) + part.size());
  out.bytes.assign(part.begin(), part.end());
  return out;
}

// Type, sides and names.
std::string port_text(pugi::xml_node port) {
  std::string text = port.attribute("precision").value();
  for (const auto dim : port.children("dim")) text += fmt::format(" {}", dim.text().get());
  return text + " " + port.attribute("names").value();
}

void read_layer(pugi::xml_node layer, std::span<const std::byte> weights, Budget& budget,
                ExportListing& out) {
  const std::string name = layer.attribute("name").value();
  const std::string type = layer.attribute("type").value();
  ListedFields& fields = out.add_node(name);
  put_field(fields, "operator", type);
  put_field(fields, "version", layer.attribute("version").value());
  budget.take(2, kFieldBytes);
  const auto data = layer.child("data");
  const bool constant = type == "Const";
  if (constant)
    out.add_tensor(name, read_constant(data, weights, budget.name() + ": " + name, budget));
  for (const auto a : data.attributes()) {
    const std::string key = a.name();
    if (constant && (key == "offset" || key == "size" || key == "shape")) continue;
    budget.take(kFieldBytes);
    put_field(fields, key, a.value());
  }
  for (const char* side : {"input", "output"}) {
    for (const auto port : layer.child(side).children("port"))
      put_field(fields, fmt::format("{} port {}", side, port.attribute("id").value()),
                port_text(port));
  }
}

// As quantizers of their own, which they are in other formats.
void read_before_silu(std::string_view text, Budget& budget, ExportListing& out) {
  const std::string& where = budget.name();
  try {
    for (const auto& [conv, p] : quant_params_from_json(parse_json(text, budget)))
      out.nodes[conv + ".quantized"] = {{"scale", fmt::format("{}", p.scale)},
                                        {"zero_point", std::to_string(p.zero_point)}};
  } catch (const std::exception& e) {
    fail("{}: its {} is damaged: {}", where, kBeforeSiluKey, e.what());
  }
}

}  // namespace

void require_sound_constants(pugi::xml_node net, std::span<const std::byte> weights,
                             Budget& budget) {
  for (const auto layer : net.child("layers").children("layer")) {
    if (std::string_view(layer.attribute("type").value()) != "Const") continue;
    const std::string where = budget.name() + ": " + layer.attribute("name").value();
    const auto data = layer.child("data");
    const auto values = values_of(data, weights, where);
    budget.take(values.size());
    require_no_nan(values, data.attribute("element_type").value(), where);
  }
}

ExportListing list_ir(const std::string& xml, std::span<const std::byte> weights,
                      const std::string& name) {
  Budget budget(name, xml.size() + weights.size());
  pugi::xml_document document;
  const auto net = parse_ir(xml, budget, document);
  ExportListing out;
  std::map<std::string, std::string> names;  // of layers, by id
  size_t layers = 0;
  for (const auto layer : net.child("layers").children("layer")) {
    const std::string layer_name = layer.attribute("name").value();
    budget.take(2, kFieldBytes + layer_name.size());
    names[layer.attribute("id").value()] = layer_name;
    ++layers;
    read_layer(layer, weights, budget, out);
  }
  ListedFields& whole = out.add_node(ExportListing::kWhole);
  put_field(whole, "layers", std::to_string(layers));
  put_field(whole, "ids", std::to_string(names.size()));
  for (const auto edge : net.child("edges").children("edge")) {
    const std::string& to = names[edge.attribute("to-layer").value()];
    const std::string& from = names[edge.attribute("from-layer").value()];
    budget.take(2, kFieldBytes + to.size() + from.size());
    put_field(out.nodes[to], fmt::format("input {}", edge.attribute("to-port").value()),
              fmt::format("{} port {}", from, edge.attribute("from-port").value()));
  }
  const auto left_out = net.child("rt_info").child(kBeforeSiluKey);
  if (left_out) read_before_silu(left_out.attribute("value").value(), budget, out);
  return out;
}

}  // namespace octet
