#include "format/onnx/onnx.h"

#include <onnx/onnx_pb.h>

#include <cstring>

#include "core/file.h"
#include "format/emit/lower.h"

namespace octet {
namespace {

constexpr int kUnsigned = 128;                       // an int8 value and its zero point as uint8
constexpr const char* kActivations = "activations";  // metadata: the type of quantized values
constexpr int kOpset = 13;
constexpr int kIrVersion = 7;  // the first that knows opset 13

int32_t onnx_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return onnx::TensorProto::FLOAT;
    case ElementType::kUint8:
      return onnx::TensorProto::UINT8;
    case ElementType::kInt8:
      return onnx::TensorProto::INT8;
  }
  return onnx::TensorProto::UNDEFINED;
}

class OnnxEmitter : public Emitter {
 public:
  explicit OnnxEmitter(ElementType activations) : activations_(activations) {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("octet");
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    graph_ = model_.mutable_graph();
    graph_->set_name("octet");
  }

  void output(const std::string& name, Ref x) override {
    // An output carries a name of its own: an Identity costs nothing and leaves the node's value as
    // it is.
    node("Identity", name + ".output", {names_.at(static_cast<size_t>(x))}, name);
    describe(*graph_->add_output(), name, ElementType::kFloat32, shape(x));
  }

  [[nodiscard]] FormatTraits traits() const override {
    return {.before_relu = true, .resizes_in_float = true};
  }

  void metadata(const std::map<std::string, std::string>& entries) override {
    for (const auto& [key, value] : entries) {
      auto* prop = model_.add_metadata_props();
      prop->set_key(key);
      prop->set_value(value);
    }
    if (activations_ != ElementType::kInt8) return;
    auto* prop = model_.add_metadata_props();
    prop->set_key(kActivations);
    prop->set_value("int8");
  }

  [[nodiscard]] std::string serialize() const { return model_.SerializeAsString(); }

 protected:
  void emit_input(Ref out, const std::string& name, ElementType type) override {
    name_value(out, name);
    describe(*graph_->add_input(), name, type, shape(out));
  }
  void emit_constant(Ref out, const std::string& name, const Tensor& tensor) override {
    name_value(out, initializer(name, tensor));
  }
  void emit_to_float(Ref out, const std::string& name, Ref x) override {
    integer(node("Cast", out, name, {x}), "to", onnx::TensorProto::FLOAT);
  }
  void emit_transpose(Ref out, const std::string& name, Ref x,
                      const std::vector<int64_t>& order) override {
    integers(node("Transpose", out, name, {x}), "perm", order);
  }
  void emit_reshape(Ref out, const std::string& name, Ref x) override {
    node("Reshape", out, name, {x}).add_input(integer_initializer(name + ".shape", shape(out)));
  }
  void emit(Ref out, const std::string& name, Ref x, const Conv2d& op) override {
    auto& n = node("Conv", out, name, {x});
    n.add_input(initializer(name + ".weight", op.weight));
    if (!op.bias.empty()) n.add_input(initializer(name + ".bias", op.bias));
    integers(n, "kernel_shape", {op.weight.shape[2], op.weight.shape[3]});
    window(n, op.stride, op.padding);
    conv_fields(n, op);
  }
  void emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) override {
    auto& n = node("ConvTranspose", out, name, {x});
    n.add_input(initializer(name + ".weight", op.weight));
    if (!op.bias.empty()) n.add_input(initializer(name + ".bias", op.bias));
    integers(n, "kernel_shape", {op.weight.shape[2], op.weight.shape[3]});
    window(n, op.stride, op.padding);
  }
  // Weights and bias are integers behind a DequantizeLinear each; the bias' scale is exactly the
  // product of the input's and the weights', so that ONNX Runtime computes it all in integers.
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override {
    const auto channels = static_cast<int64_t>(q.scales.size());
    std::vector<float> bias_scales;
    for (const float s : q.scales) bias_scales.push_back(input.scale * s);
    const std::string weight = name + ".weight";
    const std::string bias = name + ".bias";
    fill(weight, onnx::TensorProto::INT8, op.weight.shape, std::as_bytes(std::span(q.weight)));
    fill(bias, onnx::TensorProto::INT32, {channels}, std::as_bytes(std::span(q.bias)));
    const std::vector<int8_t> no_offset(q.scales.size(), 0);
    const std::vector<int32_t> no_bias_offset(q.scales.size(), 0);
    const Shape vector{channels};
    dequantize(weight, {weight + ".scales", vector, q.scales},
               {onnx::TensorProto::INT8, std::as_bytes(std::span(no_offset))});
    dequantize(bias, {bias + ".scales", vector, bias_scales},
               {onnx::TensorProto::INT32, std::as_bytes(std::span(no_bias_offset))});
    auto& n = node("Conv", out, name, {x});
    n.add_input(weight + ".real");
    n.add_input(bias + ".real");
    integers(n, "kernel_shape", {op.weight.shape[2], op.weight.shape[3]});
    window(n, op.stride, op.padding);
    conv_fields(n, op);
  }
  void emit_quantize(Ref out, const std::string& name, Ref x, const QuantParams& p) override {
    name_value(out, name);
    const std::string scale =
        initializer(name + ".scale", Tensor{.shape = {}, .values = {p.scale}});
    const bool is_signed = activations_ == ElementType::kInt8;
    const std::string zero = byte_initializer(name + ".zero_point", activations_,
                                              is_signed ? p.zero_point : p.zero_point + kUnsigned);
    node("QuantizeLinear", name + ".integers", {value(x), scale, zero}, name + ".integers");
    node("DequantizeLinear", name, {name + ".integers", scale, zero}, name);
  }
  void emit_image_from_bytes(Ref out, const std::string& name, Ref bytes) override {
    name_value(out, name);
    const std::string scale =
        initializer(name + ".scale", Tensor{.shape = {}, .values = {kImageParams.scale}});
    const std::string zero = byte_initializer(name + ".zero_point", ElementType::kUint8, 0);
    if (activations_ != ElementType::kInt8) {
      node("DequantizeLinear", name, {value(bytes), scale, zero}, name);
      return;
    }
    const std::string shifted = byte_initializer(name + ".integers.zero_point", ElementType::kInt8,
                                                 kImageParams.zero_point);
    node("DequantizeLinear", name + ".bytes", {value(bytes), scale, zero}, name + ".bytes");
    node("QuantizeLinear", name + ".integers", {name + ".bytes", scale, shifted},
         name + ".integers");
    node("DequantizeLinear", name, {name + ".integers", scale, shifted}, name);
  }
  void emit(Ref out, const std::string& name, Ref x, const Activation& op) override {
    switch (op.kind) {
      case ActivationKind::kSilu:
        node("Sigmoid", name + ".sigmoid", {value(x)}, name + ".sigmoid");
        node("Mul", out, name, {x}).add_input(name + ".sigmoid");
        return;
      case ActivationKind::kRelu:
        node("Relu", out, name, {x});
        return;
      case ActivationKind::kRelu6: {
        auto& n = node("Clip", out, name, {x});
        n.add_input(initializer(name + ".min", {.shape = {}, .values = {0.0F}}));
        n.add_input(initializer(name + ".max", {.shape = {}, .values = {6.0F}}));
        return;
      }
      case ActivationKind::kHardswish: {  // HardSwish itself came with opset 14
        auto& gate = node("HardSigmoid", name + ".gate", {value(x)}, name + ".gate");
        real(gate, "alpha", 1.0F / 6);
        real(gate, "beta", 0.5F);
        node("Mul", out, name, {x}).add_input(name + ".gate");
        return;
      }
      case ActivationKind::kSigmoid:
        node("Sigmoid", out, name, {x});
        return;
    }
  }
  void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                   std::pair<Ref, Ref> operands) override {
    const char* type = kind == BinaryKind::kAdd        ? "Add"
                       : kind == BinaryKind::kSubtract ? "Sub"
                                                       : "Mul";
    node(type, out, name, {operands.first, operands.second});
  }
  void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                   int axis) override {
    integer(node("Concat", out, name, parts), "axis", axis);
  }
  void emit_slice(Ref out, const std::string& name, Ref x, Range range) override {
    auto& n = node("Slice", out, name, {x});
    n.add_input(integer_initializer(name + ".begin", {range.begin}));
    n.add_input(integer_initializer(name + ".end", {range.end}));
    n.add_input(integer_initializer(name + ".axis", {range.axis}));
  }
  void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) override {
    auto& n = node("MaxPool", out, name, {x});
    integers(n, "kernel_shape", {op.kernel, op.kernel});
    window(n, op.stride, op.padding);
  }
  void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) override {
    auto& n = node("AveragePool", out, name, {x});
    integers(n, "kernel_shape", {op.kernel, op.kernel});
    window(n, op.stride, {});
  }
  void emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool&) override {
    node("GlobalAveragePool", out, name, {x});
  }
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override {
    auto& n = resize(out, name, x, op.factor);
    text(n, "mode", "nearest");
    text(n, "coordinate_transformation_mode", "asymmetric");
    text(n, "nearest_mode", "floor");
  }
  void emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) override {
    auto& n = resize(out, name, x, op.factor);
    text(n, "mode", "linear");
    text(n, "coordinate_transformation_mode", std::string(grid_name(op.grid)).c_str());
  }
  void emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) override {
    const Shape& s = shape(out);
    const std::string split = name + ".groups";
    const std::string turned = name + ".turned";
    node("Reshape", split,
         {value(x),
          integer_initializer(split + ".shape", {1, op.groups, s[1] / op.groups, s[2], s[3]})},
         split);
    integers(node("Transpose", turned, {split}, turned), "perm", {0, 2, 1, 3, 4});
    node("Reshape", name, {turned, integer_initializer(name + ".shape", s)}, name);
    name_value(out, name);
  }
  void emit(Ref out, const std::string& name, Ref x, const DepthToSpace& op) override {
    auto& n = node("DepthToSpace", out, name, {x});
    integer(n, "blocksize", op.factor);
    text(n, "mode", "DCR");
  }
  void emit(Ref out, const std::string& name, Ref x, const Prelu& op) override {
    const Tensor slope{.shape = {op.slope.shape[0], 1, 1}, .values = op.slope.values};
    node("PRelu", out, name, {x}).add_input(initializer(name + ".slope", slope));
  }
  void emit(Ref out, const std::string& name, Ref x, const Pad& op) override {
    const Padding& p = op.padding;
    auto& n = node("Pad", out, name, {x});
    n.add_input(integer_initializer(name + ".pads",
                                    {0, 0, p.top, p.left, 0, op.channels, p.bottom, p.right}));
    n.add_input(initializer(name + ".value", {.shape = {}, .values = {op.value}}));
  }
  void emit_softmax(Ref out, const std::string& name, Ref x, int axis) override {
    integer(node("Softmax", out, name, {x}), "axis", axis);
  }
  void emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) override {
    auto& n = node("ReduceSum", out, name, {x});
    n.add_input(integer_initializer(name + ".axes", {axis}));
    integer(n, "keepdims", 0);
  }

 private:
  // ---- names of values
  void name_value(Ref ref, const std::string& name) {
    names_.resize(static_cast<size_t>(ref) + 1);
    names_.back() = name;
  }
  [[nodiscard]] const std::string& value(Ref ref) const {
    return names_.at(static_cast<size_t>(ref));
  }

  onnx::NodeProto& resize(Ref out, const std::string& name, Ref x, int factor) {
    auto& n = node("Resize", out, name, {x});
    const auto f = static_cast<float>(factor);
    n.add_input("");  // no region of interest
    n.add_input(initializer(name + ".scales", Tensor{.shape = {4}, .values = {1, 1, f, f}}));
    return n;
  }

  // ---- nodes and attributes
  onnx::NodeProto& node(const char* type, Ref out, const std::string& name,
                        const std::vector<Ref>& inputs) {
    std::vector<std::string> in;
    for (const Ref x : inputs) in.push_back(value(x));
    name_value(out, name);
    return node(type, name, in, name);
  }
  onnx::NodeProto& node(const char* type, const std::string& name,
                        const std::vector<std::string>& inputs, const std::string& out) {
    auto* n = graph_->add_node();
    n->set_op_type(type);
    n->set_name(name);
    for (const std::string& in : inputs) n->add_input(in);
    n->add_output(out);
    return *n;
  }
  static onnx::AttributeProto& attribute(onnx::NodeProto& n, const char* name,
                                         onnx::AttributeProto::AttributeType type) {
    auto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(type);
    return *a;
  }
  static void integer(onnx::NodeProto& n, const char* name, int64_t value) {
    attribute(n, name, onnx::AttributeProto::INT).set_i(value);
  }
  static void real(onnx::NodeProto& n, const char* name, float value) {
    attribute(n, name, onnx::AttributeProto::FLOAT).set_f(value);
  }
  static void text(onnx::NodeProto& n, const char* name, const char* value) {
    attribute(n, name, onnx::AttributeProto::STRING).set_s(value);
  }
  static void integers(onnx::NodeProto& n, const char* name, const std::vector<int64_t>& values) {
    auto& a = attribute(n, name, onnx::AttributeProto::INTS);
    for (const int64_t v : values) a.add_ints(v);
  }
  static void window(onnx::NodeProto& n, int64_t stride, const Padding& p) {
    integers(n, "strides", {stride, stride});
    integers(n, "pads", {p.top, p.left, p.bottom, p.right});
  }
  static void conv_fields(onnx::NodeProto& n, const Conv2d& op) {
    integer(n, "group", op.groups);
    if (op.dilation > 1) integers(n, "dilations", {op.dilation, op.dilation});
  }

  // ---- tensors
  std::string initializer(const std::string& name, const Tensor& tensor) {
    fill(name, onnx::TensorProto::FLOAT, tensor.shape, std::as_bytes(std::span(tensor.values)));
    return name;
  }
  std::string byte_initializer(const std::string& name, ElementType type, int value) {
    const auto byte = static_cast<uint8_t>(value);
    fill(name, onnx_type(type), {}, std::as_bytes(std::span(&byte, 1)));
    return name;
  }
  // `name` is an initializer of integers; "NAME.real" becomes its values, one scale a channel.
  struct ScaleVector {
    std::string name;
    Shape shape;
    const std::vector<float>& values;
  };
  struct Offsets {
    int32_t type;
    std::span<const std::byte> raw;
  };
  void dequantize(const std::string& name, const ScaleVector& scales, const Offsets& offsets) {
    fill(scales.name, onnx::TensorProto::FLOAT, scales.shape,
         std::as_bytes(std::span(scales.values)));
    fill(name + ".zero_points", offsets.type, scales.shape, offsets.raw);
    auto& n = node("DequantizeLinear", name + ".real", {name, scales.name, name + ".zero_points"},
                   name + ".real");
    integer(n, "axis", 0);
  }
  std::string integer_initializer(const std::string& name, const std::vector<int64_t>& values) {
    fill(name, onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())},
         std::as_bytes(std::span(values)));
    return name;
  }
  void fill(const std::string& name, int32_t type, const Shape& dims,
            std::span<const std::byte> raw) {
    auto* t = graph_->add_initializer();
    t->set_name(name);
    t->set_data_type(type);
    for (const int64_t d : dims) t->add_dims(d);
    t->set_raw_data(raw.data(), raw.size());
  }
  static void describe(onnx::ValueInfoProto& info, const std::string& name, ElementType type,
                       const Shape& dims) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx_type(type));
    for (const int64_t d : dims) tensor->mutable_shape()->add_dim()->set_dim_value(d);
  }

  ElementType activations_;
  onnx::ModelProto model_;
  onnx::GraphProto* graph_ = nullptr;
  std::vector<std::string> names_;
};

}  // namespace

std::string make_onnx(const Model& model, Size size, Layout layout, ElementType activations) {
  OnnxEmitter emitter(activations);
  lower(model, size, layout, emitter);
  return emitter.serialize();
}

void write_onnx(const std::filesystem::path& path, const Model& model, Size size, Layout layout,
                ElementType activations) {
  write_text_file(path, make_onnx(model, size, layout, activations));
}

}  // namespace octet
