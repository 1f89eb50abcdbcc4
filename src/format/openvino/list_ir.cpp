#include <charconv>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "core/error.h"
#include "format/openvino/ir.h"
#include "graph/json/quantization_json.h"

namespace octet {
namespace {

uint64_t whole_number(const pugi::xml_attribute& a, const std::string& where) {
  const std::string_view text = a.value();
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("{}: '{}' is not a whole number: '{}'", where, a.name(), text);
  return value;
}

ListedTensor read_constant(pugi::xml_node data, std::span<const std::byte> weights,
                           const std::string& where) {
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
  const uint64_t offset = whole_number(data.attribute("offset"), where);
  const uint64_t size = whole_number(data.attribute("size"), where);
  if (offset > weights.size() || size > weights.size() - offset)
    fail("{}: its values lie at {}, outside the .bin file of {} bytes", where, offset,
         weights.size());
  const auto part = weights.subspan(offset, size);
  out.bytes.assign(part.begin(), part.end());
  return out;
}

// Type, sides and names.
std::string port_text(pugi::xml_node port) {
  std::string text = port.attribute("precision").value();
  for (const auto dim : port.children("dim")) text += fmt::format(" {}", dim.text().get());
  return text + " " + port.attribute("names").value();
}

// As quantizers of their own, which they are in other formats.
void read_before_silu(const std::string& text, const std::string& where, ExportListing& out) {
  try {
    for (const auto& [conv, p] : quant_params_from_json(nlohmann::json::parse(text)))
      out.nodes[conv + ".quantized"] = {{"scale", fmt::format("{}", p.scale)},
                                        {"zero_point", std::to_string(p.zero_point)}};
  } catch (const std::exception& e) {
    fail("{}: its {} is damaged: {}", where, kBeforeSiluKey, e.what());
  }
}

}  // namespace

ExportListing list_ir(const std::string& xml, std::span<const std::byte> weights,
                      const std::string& name) {
  pugi::xml_document document;
  const auto result = document.load_buffer(xml.data(), xml.size());
  const auto net = document.child("net");
  if (!result || !net)
    fail("{}: is not an OpenVINO IR, or is cut short ({})", name, result.description());
  ExportListing out;
  std::map<std::string, std::string> names;  // of layers, by id
  for (const auto layer : net.child("layers").children("layer")) {
    const std::string layer_name = layer.attribute("name").value();
    names[layer.attribute("id").value()] = layer_name;
    auto& fields = out.nodes[layer_name];
    fields["operator"] = layer.attribute("type").value();
    fields["version"] = layer.attribute("version").value();
    const auto data = layer.child("data");
    const bool constant = fields["operator"] == "Const";
    if (constant) out.tensors[layer_name] = read_constant(data, weights, name + ": " + layer_name);
    for (const auto a : data.attributes()) {
      const std::string key = a.name();
      if (!constant || (key != "offset" && key != "size" && key != "shape"))
        fields[key] = a.value();
    }
    for (const char* side : {"input", "output"}) {
      for (const auto port : layer.child(side).children("port"))
        fields[fmt::format("{} port {}", side, port.attribute("id").value())] = port_text(port);
    }
  }
  for (const auto edge : net.child("edges").children("edge")) {
    const std::string to = names[edge.attribute("to-layer").value()];
    out.nodes[to][fmt::format("input {}", edge.attribute("to-port").value())] =
        names[edge.attribute("from-layer").value()];
  }
  const auto left_out = net.child("rt_info").child(kBeforeSiluKey);
  if (left_out) read_before_silu(left_out.attribute("value").value(), name, out);
  return out;
}

}  // namespace octet
