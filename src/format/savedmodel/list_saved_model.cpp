#include <google/protobuf/unknown_field_set.h>

#include "core/error.h"
#include "format/finite.h"
#include "format/protobuf/parse_protobuf.h"
#include "format/savedmodel/saved_model.h"
#include "saved_model.pb.h"

namespace octet {
namespace {

constexpr size_t kEntryBytes = 512, kFieldBytes = 192;  // of a node or a tensor, and of its fields
constexpr size_t kTextBytes = 20;                       // of a number that takes a byte in the file

// A SavedModel with one graph.
tf::MetaGraphDef parse(std::span<const std::byte> bytes, Budget& budget) {
  const std::string& name = budget.name();
  tf::SavedModel model;
  if (!parse_protobuf(bytes, budget, model) || model.meta_graphs_size() == 0)
    fail("{}: is not a SavedModel, or is cut short", name);
  if (model.meta_graphs_size() > 1)
    fail("{}: has {} graphs; octet reads SavedModels with one", name, model.meta_graphs_size());
  return std::move(*model.mutable_meta_graphs(0));
}

std::string type_text(tf::DataType type) {
  switch (type) {
    case tf::DT_FLOAT:
      return "f32";
    case tf::DT_DOUBLE:
      return "f64";
    case tf::DT_HALF:
      return "f16";
    case tf::DT_BFLOAT16:
      return "bf16";
    case tf::DT_INT8:
      return "i8";
    case tf::DT_UINT8:
      return "u8";
    case tf::DT_INT32:
      return "i32";
    case tf::DT_INT64:
      return "i64";
    default:
      return fmt::format("type {}", static_cast<int>(type));
  }
}

Shape shape_of(const tf::TensorShapeProto& sides) {
  Shape shape;
  for (const auto& side : sides.dim()) shape.push_back(side.size());
  return shape;
}

std::string port_text(const tf::TensorInfo& port) {
  return fmt::format("{} {} {}", port.name(), type_text(port.dtype()),
                     fmt::join(shape_of(port.tensor_shape()), " "));
}

std::string attribute_text(const tf::AttrValue& a) {
  switch (a.value_case()) {
    case tf::AttrValue::kS:
      return a.s();
    case tf::AttrValue::kI:
      return std::to_string(a.i());
    case tf::AttrValue::kB:
      return a.b() ? "true" : "false";
    case tf::AttrValue::kType:
      return type_text(a.type());
    case tf::AttrValue::kShape:
      return fmt::format("{}", fmt::join(shape_of(a.shape()), ","));
    default:
      return a.list().i_size() > 0 ? fmt::format("{}", fmt::join(a.list().i(), ","))
                                   : a.SerializeAsString();
  }
}

// Of a constant.
const tf::TensorProto& tensor_of(const tf::NodeDef& node, const std::string& name) {
  for (const auto& a : node.attr())
    if (a.key() == "value" && a.value().has_tensor()) return a.value().tensor();
  fail("{}: the constant '{}' has no value", name, node.name());
}

ListedTensor read_tensor(const tf::NodeDef& node, Budget& budget) {
  const tf::TensorProto& t = tensor_of(node, budget.name());
  if (t.tensor_content().empty())
    fail("{}: the constant '{}' is not stored as raw bytes, as octet writes it", budget.name(),
         node.name());
  const auto raw = std::as_bytes(std::span(t.tensor_content()));
  budget.take(kEntryBytes + raw.size());
  return {.type = type_text(t.dtype()),
          .shape = shape_of(t.tensor_shape()),
          .bytes = {raw.begin(), raw.end()}};
}

// The name in the model, which TensorFlow may not allow.
const std::string& own_name(const tf::NodeDef& node) {
  const auto& names = node.experimental_debug_info().original_node_names();
  return names.size() == 1 ? names.Get(0) : node.name();
}

int unknown_fields(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).field_count();
}

// The graph as a whole. Fields that octet does not write could have TensorFlow load something else.
std::map<std::string, std::string> graph_fields(const tf::MetaGraphDef& meta, Budget& budget) {
  std::map<std::string, std::string> fields;
  fields["tags"] = fmt::format("{}", fmt::join(meta.meta_info_def().tags(), ","));
  fields["version"] = std::to_string(meta.graph_def().versions().producer());
  fields["other fields"] = std::to_string(unknown_fields(meta) + unknown_fields(meta.graph_def()));
  for (const auto& signature : meta.signature_def()) {
    const std::string& key = signature.key();
    const auto ports = signature.value().inputs_size() + signature.value().outputs_size() + 1;
    budget.take(static_cast<size_t>(ports), kFieldBytes + key.size());
    budget.take(kTextBytes, signature.ByteSizeLong());
    fields[key + " method"] = signature.value().method_name();
    for (const auto& port : signature.value().inputs())
      fields[key + " input " + port.key()] = port_text(port.value());
    for (const auto& port : signature.value().outputs())
      fields[key + " output " + port.key()] = port_text(port.value());
  }
  return fields;
}

}  // namespace

std::map<std::string, std::string> read_saved_model_metadata(std::span<const std::byte> bytes,
                                                             const std::string& name) {
  Budget budget(name, bytes.size());
  const tf::MetaGraphDef meta = parse(bytes, budget);
  std::map<std::string, std::string> entries;
  for (const auto& collection : meta.collection_def()) {
    const auto& texts = collection.value().bytes_list().value();
    if (texts.size() == 1) entries[collection.key()] = budget.copy(texts.Get(0));
  }
  for (const auto& node : meta.graph_def().node()) {
    if (node.op() != "Const") continue;
    const tf::TensorProto& t = tensor_of(node, name);
    const std::string where = fmt::format("{}: {}", name, node.name());
    require_no_nan(std::as_bytes(std::span(t.tensor_content())), type_text(t.dtype()), where);
    require_no_nan(
        std::as_bytes(std::span(t.float_val().data(), static_cast<size_t>(t.float_val_size()))),
        "f32", where);
  }
  return entries;
}

ExportListing list_saved_model(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  const tf::MetaGraphDef meta = parse(bytes, budget);
  ExportListing out;
  out.nodes[ExportListing::kWhole] = graph_fields(meta, budget);
  for (const auto& node : meta.graph_def().node()) {
    const std::string& own = own_name(node);
    if (out.nodes.contains(own) || out.tensors.contains(own))
      fail("{}: has two operators of the name '{}'", name, own);
    if (node.op() == "Const") {
      out.tensors[own] = read_tensor(node, budget);
      continue;
    }
    budget.take(kEntryBytes + static_cast<size_t>(node.attr_size()) * kFieldBytes);
    budget.take(kTextBytes, node.ByteSizeLong());
    auto& fields = out.nodes[own];
    fields["operator"] = node.op();
    fields["inputs"] = fmt::format("{}", fmt::join(node.input(), ","));
    for (const auto& a : node.attr()) fields[a.key()] = attribute_text(a.value());
  }
  return out;
}

}  // namespace octet
