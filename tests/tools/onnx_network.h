// Writes small ONNX files as other programs write them, for tests of the import.
#pragma once

#include <onnx/onnx_pb.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace octet {

class OnnxNetwork {
 public:
  using Numbers = std::vector<int64_t>;
  using Attribute = std::variant<int64_t, double, std::string, Numbers, std::vector<double>>;
  using Attributes = std::map<std::string, Attribute>;

  // Its input is "x".
  explicit OnnxNetwork(int64_t opset, const Numbers& input = {1, 3, 32, 64}) {
    model_.set_ir_version(7);
    model_.set_producer_name("test");
    model_.add_opset_import()->set_version(opset);
    describe(*graph().add_input(), "x", input);
  }

  // Adds a node and returns the name of its value, which is `name`.
  std::string node(const std::string& type, const std::string& name,
                   const std::vector<std::string>& inputs, const Attributes& attributes = {}) {
    auto& n = *graph().add_node();
    n.set_op_type(type);
    n.set_name("node_" + name);
    for (const std::string& in : inputs) n.add_input(in);
    n.add_output(name);
    for (const auto& [key, value] : attributes) set(*n.add_attribute(), key, value);
    return name;
  }
  // A further output of the last node.
  void also(const std::string& name) {
    graph().mutable_node(graph().node_size() - 1)->add_output(name);
  }

  std::string floats(const std::string& name, const Numbers& shape,
                     const std::vector<float>& values) {
    auto& t = tensor(name, shape, onnx::TensorProto::FLOAT);
    t.set_raw_data(values.data(), values.size() * sizeof(float));
    return name;
  }
  std::string integers(const std::string& name, const Numbers& values) {
    auto& t = tensor(name, {static_cast<int64_t>(values.size())}, onnx::TensorProto::INT64);
    t.set_raw_data(values.data(), values.size() * sizeof(int64_t));
    return name;
  }
  std::string scalar(const std::string& name, float value) { return floats(name, {}, {value}); }
  // Normal numbers around `mean`.
  std::string noise(const std::string& name, const Numbers& shape, double spread = 1,
                    double mean = 0) {
    std::normal_distribution<float> normal(static_cast<float>(mean), static_cast<float>(spread));
    int64_t count = 1;
    for (const int64_t side : shape) count *= side;
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(normal(random_));
    return floats(name, shape, values);
  }
  // A convolution (outputs, inputs / group, kernel, kernel) with a bias.
  std::string conv(const std::string& name, const std::string& x, const Numbers& weight,
                   const Attributes& attributes = {}) {
    const double fan = static_cast<double>(weight[1] * weight[2] * weight[3]);
    return node(
        "Conv", name,
        {x, noise(name + ".w", weight, 1 / std::sqrt(fan)), noise(name + ".b", {weight[0]}, 0.3)},
        attributes);
  }

  void output(const std::string& name) {
    auto& port = *graph().add_output();
    port.set_name(name);
    port.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }
  [[nodiscard]] onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  [[nodiscard]] std::string bytes() const { return model_.SerializeAsString(); }

 private:
  static void describe(onnx::ValueInfoProto& port, const std::string& name, const Numbers& shape) {
    port.set_name(name);
    auto& type = *port.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t side : shape) {
      auto& dim = *type.mutable_shape()->add_dim();
      side < 0 ? dim.set_dim_param("side") : dim.set_dim_value(side);
    }
  }
  onnx::TensorProto& tensor(const std::string& name, const Numbers& shape, int32_t type) {
    auto& t = *graph().add_initializer();
    t.set_name(name);
    t.set_data_type(type);
    for (const int64_t side : shape) t.add_dims(side);
    return t;
  }
  static void set(onnx::AttributeProto& a, const std::string& key, const Attribute& value) {
    a.set_name(key);
    if (const auto* i = std::get_if<int64_t>(&value)) {
      a.set_type(onnx::AttributeProto::INT);
      a.set_i(*i);
    } else if (const auto* f = std::get_if<double>(&value)) {
      a.set_type(onnx::AttributeProto::FLOAT);
      a.set_f(static_cast<float>(*f));
    } else if (const auto* s = std::get_if<std::string>(&value)) {
      a.set_type(onnx::AttributeProto::STRING);
      a.set_s(*s);
    } else if (const auto* list = std::get_if<Numbers>(&value)) {
      a.set_type(onnx::AttributeProto::INTS);
      for (const int64_t n : *list) a.add_ints(n);
    } else {
      a.set_type(onnx::AttributeProto::FLOATS);
      for (const double n : std::get<std::vector<double>>(value))
        a.add_floats(static_cast<float>(n));
    }
  }

  onnx::ModelProto model_;
  std::mt19937 random_{11};
};

}  // namespace octet
