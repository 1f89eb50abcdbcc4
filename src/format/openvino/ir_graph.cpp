#include "format/openvino/ir_graph.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/numeric/half.h"

namespace octet {
namespace {

constexpr int kIrVersion = 11;
// Of tensors in the .bin, so that they can be used in place; of small ones, which are many, less.
constexpr size_t kAlignment = 64, kSmallAlignment = 8;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string precision_name(const std::string& type) {
  if (type == "f32") return "FP32";
  return type == "f16" ? "FP16" : upper(type);
}

pugi::xml_node add_port(pugi::xml_node parent, int id, const std::string& type, const Shape& dims) {
  auto port = parent.append_child("port");
  port.append_attribute("id") = id;
  port.append_attribute("precision") = precision_name(type).c_str();
  for (const int64_t d : dims) port.append_child("dim").text() = d;
  return port;
}

int number_of(std::string_view opset) {
  return std::atoi(std::string(opset.substr(opset.find_first_of("0123456789"))).c_str());
}

}  // namespace

std::string comma_list(const std::vector<int64_t>& values) {
  return fmt::format("{}", fmt::join(values, ","));
}

IrGraph::IrGraph(const IrOptions& options) : options_(options) {
  net_ = document_.append_child("net");
  net_.append_attribute("name") = "octet";
  net_.append_attribute("version") = kIrVersion;
  layers_ = net_.append_child("layers");
  edges_ = net_.append_child("edges");
}

pugi::xml_node IrGraph::add_layer(const std::string& name, const char* type, const char* version) {
  if (options_.opset > 0 && number_of(version) > options_.opset)
    fail("--opset {}: the layer '{}' is a {} of {}; allow that opset", options_.opset, name, type,
         version);
  auto layer = layers_.append_child("layer");
  layer.append_attribute("id") = next_layer_++;
  layer.append_attribute("name") = name.c_str();
  layer.append_attribute("type") = type;
  layer.append_attribute("version") = version;
  return layer;
}

void IrGraph::connect(pugi::xml_node layer, const std::vector<Value>& inputs) {
  auto ports = layer.append_child("input");
  int id = 0;
  for (const Value& from : inputs) {
    // Its type and sides stand at the edge's other end.
    ports.append_child("port").append_attribute("id") = id;
    auto edge = edges_.append_child("edge");
    edge.append_attribute("from-layer") = from.layer;
    edge.append_attribute("from-port") = from.port_id;
    edge.append_attribute("to-layer") = layer.attribute("id").as_int();
    edge.append_attribute("to-port") = id++;
  }
}

IrGraph::Value IrGraph::finish_layer(pugi::xml_node layer, const Shape& dims,
                                     const std::string& type) {
  const auto inputs = layer.child("input").children("port");
  const int id = static_cast<int>(std::distance(inputs.begin(), inputs.end()));
  return {.layer = layer.attribute("id").as_int(),
          .port_id = id,
          .type = type,
          .shape = dims,
          .port = add_port(layer.append_child("output"), id, type, dims)};
}

IrGraph::Value IrGraph::two_operands(const std::string& name, const char* type, const Value& a,
                                     const Value& b, const Shape& dims) {
  auto layer = add_layer(name, type, "opset1");
  layer.append_child("data").append_attribute("auto_broadcast") = "numpy";
  connect(layer, {a, b});
  return finish_layer(layer, dims, "f32");
}

IrGraph::Value IrGraph::store(const std::string& name, const std::string& type, const Shape& dims,
                              std::span<const std::byte> raw) {
  const size_t step = raw.size() < kAlignment ? kSmallAlignment : kAlignment;
  weights_.resize((weights_.size() + step - 1) / step * step);
  auto layer = add_layer(name, "Const", "opset1");
  auto data = layer.append_child("data");
  data.append_attribute("element_type") = type.c_str();
  data.append_attribute("shape") = comma_list(dims).c_str();
  data.append_attribute("offset") = weights_.size();
  data.append_attribute("size") = raw.size();
  weights_.insert(weights_.end(), raw.begin(), raw.end());
  return finish_layer(layer, dims, type);
}

IrGraph::Value IrGraph::floats(const std::string& name, const Shape& dims,
                               const std::vector<float>& v) {
  return store(name, "f32", dims, std::as_bytes(std::span(v)));
}

IrGraph::Value IrGraph::weights(const std::string& name, const Shape& dims,
                                const std::vector<float>& v) {
  if (!options_.half_weights) return floats(name, dims, v);
  std::vector<uint16_t> halves(v.size());
  std::transform(v.begin(), v.end(), halves.begin(), float_to_half);
  for (size_t i = 0; i < v.size(); ++i) {
    if (std::isinf(half_to_float(halves[i])) && std::isfinite(v[i]))
      fail("--precision fp16: a weight of '{}' is {}, beyond fp16", name, v[i]);
  }
  const Value stored = store(name, "f16", dims, std::as_bytes(std::span(halves)));
  auto convert = add_layer(name + ".float", "Convert", "opset1");
  convert.append_child("data").append_attribute("destination_type") = "f32";
  // So that a device may compute with the stored numbers.
  auto note = convert.append_child("rt_info").append_child("attribute");
  note.append_attribute("name") = "decompression";
  note.append_attribute("version") = "0";
  connect(convert, {stored});
  return finish_layer(convert, dims, "f32");
}

IrGraph::Value IrGraph::integers(const std::string& name, const std::vector<int64_t>& v) {
  return store(name, "i64", {static_cast<int64_t>(v.size())}, std::as_bytes(std::span(v)));
}

void IrGraph::describe(const std::map<std::string, std::string>& entries) {
  auto info = net_.append_child("rt_info");
  for (const auto& [key, text] : entries)
    info.append_child(key.c_str()).append_attribute("value") = text.c_str();
}

IrDocument IrGraph::finish() {
  std::ostringstream text;
  document_.save(text, "", pugi::format_raw);
  return {.xml = text.str(), .weights = std::move(weights_)};
}

}  // namespace octet
