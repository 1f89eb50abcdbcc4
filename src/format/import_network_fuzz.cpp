// ONNX files of other programs, as 'import' reads them. Mutations change the parsed model: as bytes
// nearly all would end at the parser.
#include <onnx/onnx_pb.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "format/import_network.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using Random = std::minstd_rand;

constexpr std::array<std::string_view, 30> kTypes = {"Conv",
                                                     "ConvTranspose",
                                                     "Gemm",
                                                     "MatMul",
                                                     "BatchNormalization",
                                                     "Add",
                                                     "Mul",
                                                     "Sub",
                                                     "Div",
                                                     "Clip",
                                                     "LeakyRelu",
                                                     "PRelu",
                                                     "Concat",
                                                     "Slice",
                                                     "Split",
                                                     "Pad",
                                                     "MaxPool",
                                                     "AveragePool",
                                                     "Resize",
                                                     "Reshape",
                                                     "Transpose",
                                                     "Flatten",
                                                     "Squeeze",
                                                     "Unsqueeze",
                                                     "Gather",
                                                     "Shape",
                                                     "ReduceMean",
                                                     "Constant",
                                                     "ConstantOfShape",
                                                     "GlobalAveragePool"};
constexpr std::array<std::string_view, 20> kAttributes = {
    "pads",   "strides", "dilations", "group", "kernel_shape", "axis",    "axes",
    "perm",   "alpha",   "beta",      "min",   "max",          "split",   "keepdims",
    "starts", "ends",    "transB",    "mode",  "value",        "auto_pad"};

int64_t odd_number(Random& random) {
  static constexpr std::array<int64_t, 12> kValues = {
      0, 1, -1, 2, 3, 4, 8, -2, 1 << 16, int64_t{1} << 31, INT64_MAX, INT64_MIN};
  return kValues[random() % kValues.size()];
}

// A value that some node makes or a tensor holds.
std::string any_value(const onnx::GraphProto& graph, Random& random) {
  const auto count = static_cast<uint32_t>(graph.node_size() + graph.initializer_size() + 1);
  auto at = static_cast<int>(random() % count);
  if (at < graph.initializer_size()) return graph.initializer(at).name();
  at -= graph.initializer_size();
  return at < graph.node_size() && graph.node(at).output_size() > 0 ? graph.node(at).output(0)
                                                                    : "x";
}

void mutate_attribute(onnx::NodeProto& node, Random& random) {
  onnx::AttributeProto* a = nullptr;
  if (node.attribute_size() > 0 && random() % 2 == 0)
    a = node.mutable_attribute(static_cast<int>(random()) % node.attribute_size());
  else
    a = node.add_attribute();
  a->set_name(std::string(kAttributes[random() % kAttributes.size()]));
  a->set_i(odd_number(random));
  a->set_f(static_cast<float>(odd_number(random)));
  if (random() % 3 == 0) a->clear_ints();
  for (auto n = random() % 5; n > 0; --n) a->add_ints(odd_number(random));
}

void mutate_tensor(onnx::TensorProto& t, Random& random) {
  const auto what = random() % 4;
  if (what == 0) t.add_dims(odd_number(random));
  if (what == 1) t.set_data_type(static_cast<int32_t>(random() % 17));
  if (what == 2 && t.dims_size() > 0)
    t.set_dims(static_cast<int>(random() % static_cast<uint32_t>(t.dims_size())),
               odd_number(random));
  if (what == 3) t.mutable_raw_data()->resize(random() % 64 * 4);
}

void mutate(onnx::ModelProto& model, Random& random) {
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto any_node = [&]() -> onnx::NodeProto& {
    return *graph.mutable_node(
        static_cast<int>(random() % static_cast<uint32_t>(graph.node_size())));
  };
  const auto what = random() % 6;
  if (what == 0 || graph.node_size() == 0) {
    auto& node = *graph.add_node();
    node.set_op_type(std::string(kTypes[random() % kTypes.size()]));
    for (auto n = 1 + random() % 3; n > 0; --n) node.add_input(any_value(graph, random));
    node.add_output("v" + std::to_string(random()));
  }
  if (what == 1) any_node().set_op_type(std::string(kTypes[random() % kTypes.size()]));
  if (what == 2) any_node().add_input(any_value(graph, random));
  if (what == 3) mutate_attribute(any_node(), random);
  if (what == 4 && graph.initializer_size() > 0)
    mutate_tensor(*graph.mutable_initializer(
                      static_cast<int>(random() % static_cast<uint32_t>(graph.initializer_size()))),
                  random);
  if (what == 5) graph.add_output()->set_name(any_value(graph, random));
}

// image → Conv → Relu → the output.
std::string sample() {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  auto& graph = *model.mutable_graph();
  auto& input = *graph.add_input();
  input.set_name("x");
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t side : {1, 3, 8, 8}) type.mutable_shape()->add_dim()->set_dim_value(side);
  auto& weight = *graph.add_initializer();
  weight.set_name("w");
  weight.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t side : {4, 3, 3, 3}) weight.add_dims(side);
  weight.set_raw_data(std::string(size_t{4} * 3 * 3 * 3 * 4, '\0'));
  for (const char* name : {"Conv", "Relu"}) {
    auto& node = *graph.add_node();
    node.set_op_type(name);
    node.add_input(graph.node_size() == 1 ? "x" : "y");
    if (graph.node_size() == 1) node.add_input("w");
    node.add_output(graph.node_size() == 1 ? "y" : "z");
  }
  graph.add_output()->set_name("z");
  return model.SerializeAsString();
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  Random random(seed);
  onnx::ModelProto model;
  const bool sound = size > 8 && model.ParseFromArray(data, static_cast<int>(size));
  if (sound && random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (!sound) model.ParseFromString(sample());
  for (auto times = 1 + random() % 3; times > 0; --times) mutate(model, random);
  const std::string bytes = model.SerializeAsString();
  if (bytes.size() > max_size) return size;
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)octet::import_network(std::as_bytes(std::span(data, size)), "fuzz.onnx", {});
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
