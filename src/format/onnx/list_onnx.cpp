#include <algorithm>

#include "core/error.h"
#include "format/onnx/onnx.h"
#include "format/onnx/parse.h"

namespace octet {
namespace {

std::string type_text(int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return "f32";
    case onnx::TensorProto::INT8:
      return "i8";
    case onnx::TensorProto::UINT8:
      return "u8";
    case onnx::TensorProto::INT32:
      return "i32";
    case onnx::TensorProto::INT64:
      return "i64";
    default:
      return fmt::format("type {}", type);
  }
}

std::string port_text(const onnx::ValueInfoProto& port) {
  const auto& tensor = port.type().tensor_type();
  std::string text = type_text(tensor.elem_type());
  for (const auto& side : tensor.shape().dim())
    text += fmt::format(" {}",
                        side.has_dim_value() ? std::to_string(side.dim_value()) : side.dim_param());
  return text;
}

std::string attribute_text(const onnx::AttributeProto& a) {
  switch (a.type()) {
    case onnx::AttributeProto::INT:
      return std::to_string(a.i());
    case onnx::AttributeProto::FLOAT:
      return fmt::format("{}", a.f());
    case onnx::AttributeProto::STRING:
      return a.s();
    case onnx::AttributeProto::INTS:
      return fmt::format("{}", fmt::join(a.ints(), ","));
    default:
      return a.SerializeAsString();
  }
}

constexpr size_t kEntryBytes = 1024;  // of a node or a tensor with its fields

ListedTensor read_tensor(const onnx::TensorProto& t, Budget& budget) {
  ListedTensor out{.type = type_text(t.data_type()), .shape = {}, .bytes = {}};
  for (const int64_t d : t.dims()) out.shape.push_back(d);
  if (!t.has_raw_data())
    fail("{}: the tensor '{}' is not stored as raw bytes, as octet writes it", budget.name(),
         t.name());
  const auto raw = std::as_bytes(std::span(t.raw_data()));
  budget.take(kEntryBytes + raw.size());
  out.bytes.assign(raw.begin(), raw.end());
  return out;
}

}  // namespace

std::map<std::string, double> onnx_products(std::span<const std::byte> bytes,
                                            const std::string& name) {
  Budget budget(name, bytes.size());
  const onnx::ModelProto model = parse_onnx(bytes, budget);
  std::map<std::string, const onnx::TensorProto*> tensors;  // by the values that they become
  for (const auto& t : model.graph().initializer()) tensors[t.name()] = &t;
  std::map<std::string, double> out;
  for (const auto& n : model.graph().node()) {
    if (n.input_size() == 0 || n.output_size() == 0) continue;
    if (const auto same = out.find(n.input(0)); n.op_type() == "Identity" && same != out.end())
      out[n.output(0)] = same->second;
    const auto weights = tensors.find(n.input(n.op_type() == "Conv" && n.input_size() > 1 ? 1 : 0));
    if (weights == tensors.end()) continue;
    if (n.op_type() == "DequantizeLinear") tensors[n.output(0)] = weights->second;
    if (n.op_type() != "Conv") continue;
    double products = 1;
    for (int i = 1; i < weights->second->dims_size(); ++i)
      products *= static_cast<double>(weights->second->dims(i));
    out[n.name()] = out[n.output(0)] = std::max(0.0, products);
  }
  return out;
}

ExportListing list_onnx(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  const onnx::ModelProto model = parse_onnx(bytes, budget);
  ExportListing out;
  ListedFields& graph = out.add_node(ExportListing::kWhole);
  for (const auto& port : model.graph().input())
    put_field(graph, "input " + port.name(), port_text(port));
  for (const auto& port : model.graph().output())
    put_field(graph, "output " + port.name(), port_text(port));
  for (const auto& set : model.opset_import())
    put_field(graph, "opset " + set.domain(), std::to_string(set.version()));
  graph["nodes"] = std::to_string(model.graph().node_size());
  graph["functions"] = std::to_string(model.functions_size());
  for (const auto& t : model.graph().initializer())
    out.add_tensor(t.name(), read_tensor(t, budget));
  for (const auto& n : model.graph().node()) {
    budget.take(kEntryBytes + n.ByteSizeLong());
    ListedFields& fields = out.add_node(n.name());
    put_field(fields, "operator", n.op_type());
    put_field(fields, "domain", n.domain());
    put_field(fields, "inputs", fmt::format("{}", fmt::join(n.input(), ",")));
    put_field(fields, "outputs", fmt::format("{}", fmt::join(n.output(), ",")));
    for (const auto& a : n.attribute()) put_field(fields, a.name(), attribute_text(a));
  }
  return out;
}

}  // namespace octet
