// The exporter of TensorFlow SavedModels. saved_model.cpp has its larger functions,
// saved_model_layers.cpp those of convolutions, activations and pooling, and
// saved_model_network_layers.cpp those of operators that YOLO does not have.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "format/emit/emitter.h"
#include "format/savedmodel/tensorflow_graph.h"

namespace octet {

class SavedModelEmitter : public Emitter {
 public:
  void output(const std::string& name, Ref x) override {
    graph_.output(name, value(x).name, file_shape(x));
  }
  [[nodiscard]] FormatTraits traits() const override { return {}; }
  void metadata(const std::map<std::string, std::string>& entries) override {
    for (const auto& [key, text] : entries) graph_.metadata(key, text);
  }
  [[nodiscard]] std::string serialize() const { return graph_.serialize(); }

 protected:
  void emit_input(Ref out, const std::string& name, ElementType type) override;
  void emit_constant(Ref out, const std::string& name, const Tensor& tensor) override {
    define(out, {.name = graph_.floats(name, tensor.shape, tensor.values)});
  }
  void emit_to_float(Ref out, const std::string& name, Ref x) override {
    define(out, {.name = cast(name, value(x).name), .picture = value(x).picture});
  }
  void emit_transpose(Ref out, const std::string& name, Ref x,
                      const std::vector<int64_t>& order) override;
  void emit_reshape(Ref out, const std::string& name, Ref x) override {
    define(out, {.name = reshaped(name, plain(x), shape(out))});
  }
  void emit(Ref out, const std::string& name, Ref x, const Conv2d& op) override;
  void emit(Ref out, const std::string& name, Ref x, const Activation& op) override;
  void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) override;
  void emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) override;
  void emit(Ref out, const std::string& name, Ref x, const Prelu& op) override;
  void emit(Ref out, const std::string& name, Ref x, const Pad& op) override;
  void emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool& op) override;
  void emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) override;
  void emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) override;
  void emit(Ref out, const std::string& name, Ref x, const DepthToSpace& op) override {
    define(out, {.name = graph_.add_float("DepthToSpace", name, {value(x).name})
                             .integer("block_size", op.factor)
                             .name(),
                 .picture = true});
  }
  void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                           const QuantizedConv& q, const QuantParams& input) override;
  void emit_quantize(Ref out, const std::string& name, Ref x, const QuantParams& p) override {
    define(out, {.name = fake_quantized(name, value(x).name, p), .picture = value(x).picture});
  }
  void emit_image_from_bytes(Ref out, const std::string& name, Ref bytes) override;
  void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                   std::pair<Ref, Ref> operands) override;
  void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                   int axis) override;
  void emit_slice(Ref out, const std::string& name, Ref x, Range range) override;
  void emit_softmax(Ref out, const std::string& name, Ref x, int axis) override;
  void emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) override;

 private:
  struct Value {
    std::string name;      // of the operator that makes it
    bool picture = false;  // kept as NHWC, whatever shape() says
  };

  // ---- values
  void define(Ref ref, Value v) {
    values_.resize(static_cast<size_t>(ref) + 1);
    values_.back() = std::move(v);
  }
  [[nodiscard]] const Value& value(Ref ref) const { return values_.at(static_cast<size_t>(ref)); }
  // The order and the sides that the value has in the file.
  [[nodiscard]] Shape file_shape(Ref ref) const;
  // The value in the order that shape() says.
  std::string plain(Ref ref);

  // ---- operators. Each returns its name.
  std::string cast(const std::string& name, const std::string& x) {
    return graph_.add("Cast", name, {x})
        .type("SrcT", tf::DT_UINT8)
        .type("DstT", tf::DT_FLOAT)
        .name();
  }
  std::string reshaped(const std::string& name, const std::string& x, const Shape& shape);
  std::string transposed(const std::string& name, const std::string& x,
                         const std::vector<int64_t>& order);
  struct Ends {
    std::vector<int64_t> begin, end, step;
  };
  // `sides`: before and after, for each axis in the file's order.
  std::string padded(const std::string& name, const std::string& x,
                     const std::vector<int64_t>& sides, float value = 0);
  std::string sliced(const std::string& name, const std::string& x, const Ends& ends);
  std::string fake_quantized(const std::string& name, const std::string& x, const QuantParams& p);
  // `weight` is an operator whose output is in the file's order of weights.
  void convolution(Ref out, const std::string& name, Ref x, const Conv2d& op,
                   const std::string& weight);
  TensorflowGraph::Operator pool(const char* type, const std::string& name, const std::string& x,
                                 std::pair<int, int> kernel_and_stride);

  TensorflowGraph graph_;
  std::vector<Value> values_;
};

}  // namespace octet
