#include "format/savedmodel/tensorflow_graph.h"

namespace octet {
namespace {

constexpr int kSchemaVersion = 1;
constexpr int kGraphVersion =
    29;  // the last before versions became dates; each TensorFlow 2 reads it
constexpr const char* kMethod = "tensorflow/serving/predict";

void fill(tf::TensorShapeProto& out, const Shape& shape) {
  for (const int64_t side : shape) out.add_dim()->set_size(side);
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// TensorFlow's rule: [A-Za-z0-9.][A-Za-z0-9_.\/>-]*
std::string valid_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool first = is_letter_or_digit(c) || c == '.';
    if (out.empty() && !first) continue;
    out.push_back(first || c == '/' || c == '-' ? c : '_');
  }
  return out.empty() ? "value" : out;
}

}  // namespace

tf::AttrValue& TensorflowGraph::Operator::attribute(const char* key) {
  auto* entry = node_->add_attr();
  entry->set_key(key);
  return *entry->mutable_value();
}
TensorflowGraph::Operator& TensorflowGraph::Operator::type(const char* key, tf::DataType type) {
  attribute(key).set_type(type);
  return *this;
}
TensorflowGraph::Operator& TensorflowGraph::Operator::text(const char* key, const char* text) {
  attribute(key).set_s(text);
  return *this;
}
TensorflowGraph::Operator& TensorflowGraph::Operator::integer(const char* key, int64_t value) {
  attribute(key).set_i(value);
  return *this;
}
TensorflowGraph::Operator& TensorflowGraph::Operator::flag(const char* key, bool value) {
  attribute(key).set_b(value);
  return *this;
}
TensorflowGraph::Operator& TensorflowGraph::Operator::integers(const char* key,
                                                               const std::vector<int64_t>& values) {
  auto* list = attribute(key).mutable_list();
  for (const int64_t v : values) list->add_i(v);
  return *this;
}
TensorflowGraph::Operator& TensorflowGraph::Operator::shape(const char* key, const Shape& shape) {
  fill(*attribute(key).mutable_shape(), shape);
  return *this;
}

TensorflowGraph::TensorflowGraph() {
  model_.set_saved_model_schema_version(kSchemaVersion);
  meta_ = model_.add_meta_graphs();
  meta_->mutable_meta_info_def()->add_tags(kServeTag);
  meta_->mutable_meta_info_def()->set_stripped_default_attrs(true);
  meta_->mutable_graph_def()->mutable_versions()->set_producer(kGraphVersion);
  auto* entry = meta_->add_signature_def();
  entry->set_key(kSignature);
  signature_ = entry->mutable_value();
  signature_->set_method_name(kMethod);
}

std::string TensorflowGraph::free_name(const std::string& name) {
  std::string out = valid_name(name);
  while (!names_.insert(out).second) out += "_";
  return out;
}

TensorflowGraph::Operator TensorflowGraph::add(const char* op, const std::string& name,
                                               const std::vector<std::string>& inputs) {
  auto* node = meta_->mutable_graph_def()->add_node();
  node->set_name(free_name(name));
  node->set_op(op);
  for (const std::string& in : inputs) node->add_input(in);
  if (node->name() != name) node->mutable_experimental_debug_info()->add_original_node_names(name);
  return Operator(*node);
}

std::string TensorflowGraph::constant(const std::string& name, tf::DataType type,
                                      const Shape& shape, std::span<const std::byte> bytes) {
  Operator made = add("Const", name, {}).type("dtype", type);
  auto* tensor = made.attribute("value").mutable_tensor();
  tensor->set_dtype(type);
  fill(*tensor->mutable_tensor_shape(), shape);
  tensor->set_tensor_content(bytes.data(), bytes.size());
  return made.name();
}

std::string TensorflowGraph::floats(const std::string& name, const Shape& shape,
                                    const std::vector<float>& values) {
  return constant(name, tf::DT_FLOAT, shape, std::as_bytes(std::span(values)));
}

std::string TensorflowGraph::whole_numbers(const std::string& name, const Shape& shape,
                                           const std::vector<int64_t>& values) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  return constant(name, tf::DT_INT32, shape, std::as_bytes(std::span(narrow)));
}

std::string TensorflowGraph::integers(const std::string& name, const std::vector<int64_t>& values) {
  return whole_numbers(name, {static_cast<int64_t>(values.size())}, values);
}

std::string TensorflowGraph::integer(const std::string& name, int32_t value) {
  return whole_numbers(name, {}, {value});
}

std::string TensorflowGraph::paddings(const std::string& name, const std::vector<int64_t>& values) {
  return whole_numbers(name, {static_cast<int64_t>(values.size()) / 2, 2}, values);
}

std::string TensorflowGraph::input(const std::string& name, tf::DataType type, const Shape& shape) {
  const std::string own =
      add("Placeholder", name, {}).type("dtype", type).shape("shape", shape).name();
  auto* port = signature_->add_inputs();
  port->set_key(name);
  port->mutable_value()->set_name(own + ":0");
  port->mutable_value()->set_dtype(type);
  fill(*port->mutable_value()->mutable_tensor_shape(), shape);
  return own;
}

void TensorflowGraph::output(const std::string& key, const std::string& name, const Shape& shape) {
  auto* port = signature_->add_outputs();
  port->set_key(key);
  port->mutable_value()->set_name(name + ":0");
  port->mutable_value()->set_dtype(tf::DT_FLOAT);
  fill(*port->mutable_value()->mutable_tensor_shape(), shape);
}

void TensorflowGraph::metadata(const std::string& key, const std::string& text) {
  auto* entry = meta_->add_collection_def();
  entry->set_key(key);
  entry->mutable_value()->mutable_bytes_list()->add_value(text);
}

}  // namespace octet
