// The interface of an exporter: one method per operator. lower() walks a Graph over it, so that the
// same code writes every format. The base class keeps the shape of every value. A format implements
// emit() for each operator of the graph, and the emit_ methods for the other operations of a file.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/quantization.h"

namespace octet {

enum class BinaryKind { kAdd, kSubtract, kMultiply };

class Emitter {
 public:
  using Ref = int;  // a value that an earlier call made

  virtual ~Emitter() = default;

  Ref input(const std::string& name, ElementType type, Shape shape);
  Ref constant(const std::string& name, const Tensor& tensor);
  Ref to_float(const std::string& name, Ref x);
  Ref transpose(const std::string& name, Ref x, const std::vector<int64_t>& order);
  Ref reshape(const std::string& name, Ref x, const Shape& shape);
  // Emits a node with one input. The operator computes its shape.
  template <typename Op>
  Ref apply(const std::string& name, Ref x, const Op& op) {
    const Shape in = shape(x);
    const Ref out = define(op.output_shape(ShapeInputs(Op::kTraits.name, name, {&in, 1})));
    emit(out, name, x, op);
    return out;
  }
  // Emits a convolution with int8 weights. `x` is quantized with `input`.
  Ref quantized_conv(const std::string& name, Ref x, const Conv2d& op, const QuantizedConv& q,
                     const QuantParams& input);
  // Rounds and clamps to 256 steps.
  Ref quantize(const std::string& name, Ref x, const QuantParams& params);
  // Converts the bytes of an image to fractions of 255.
  Ref image_from_bytes(const std::string& name, Ref bytes);
  Ref binary(const std::string& name, BinaryKind kind, Ref a, Ref b);  // broadcasting sides of 1
  Ref concat(const std::string& name, const std::vector<Ref>& parts, int axis);
  Ref slice(const std::string& name, Ref x, int axis, int64_t begin, int64_t end);
  Ref softmax(const std::string& name, Ref x, int axis);
  Ref reduce_sum(const std::string& name, Ref x, int axis);  // the axis disappears
  // No activation after this call becomes a part of the operation that made the value.
  virtual void keep_apart(Ref /*x*/) {}
  virtual void output(const std::string& name, Ref x) = 0;
  virtual void metadata(const std::map<std::string, std::string>& entries) = 0;

  // The needs of a format's engines and readers: quantizers that do not change values, and the unit
  // of decoded coordinates.
  struct FormatTraits {
    bool before_silu = true;
    bool after_sigmoid = true;  // of SiLU; without it SiLU is one operation
    bool after_moves = true;    // after operators that only move data, without effect
    bool before_relu = false;   // for engines that do not fuse ReLU6 with an integer convolution
    bool fractions = false;     // of the input's sides, for decoded coordinates
    // Bilinear resizing of integers is computed in float: half of a part of a step is added, so that
    // halves are rounded up as the reference does.
    bool resizes_in_float = false;
    // The division of bytes by 255 goes into the first convolution. Its weights would be too small
    // for fp16.
    bool scale_in_weights = true;
  };
  [[nodiscard]] virtual FormatTraits traits() const = 0;

  [[nodiscard]] const Shape& shape(Ref x) const { return shapes_.at(static_cast<size_t>(x)); }

 protected:
  // Each emits the operation that makes the value `out`. Its shape is known already.
  virtual void emit_input(Ref out, const std::string& name, ElementType type) = 0;
  virtual void emit_constant(Ref out, const std::string& name, const Tensor& tensor) = 0;
  virtual void emit_to_float(Ref out, const std::string& name, Ref x) = 0;
  virtual void emit_transpose(Ref out, const std::string& name, Ref x,
                              const std::vector<int64_t>& order) = 0;
  virtual void emit_reshape(Ref out, const std::string& name, Ref x) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const Conv2d& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const Activation& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const Prelu& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const Pad& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const MaxPool& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const AvgPool& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const ResizeNearest& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) = 0;
  virtual void emit(Ref out, const std::string& name, Ref x, const DepthToSpace& op) = 0;
  virtual void emit_quantized_conv(Ref out, const std::string& name, Ref x, const Conv2d& op,
                                   const QuantizedConv& q, const QuantParams& input) = 0;
  virtual void emit_quantize(Ref out, const std::string& name, Ref x,
                             const QuantParams& params) = 0;
  virtual void emit_image_from_bytes(Ref out, const std::string& name, Ref bytes) = 0;
  virtual void emit_binary(Ref out, const std::string& name, BinaryKind kind,
                           std::pair<Ref, Ref> operands) = 0;
  virtual void emit_concat(Ref out, const std::string& name, const std::vector<Ref>& parts,
                           int axis) = 0;
  struct Range {
    int axis;
    int64_t begin, end;
  };
  virtual void emit_slice(Ref out, const std::string& name, Ref x, Range range) = 0;
  virtual void emit_softmax(Ref out, const std::string& name, Ref x, int axis) = 0;
  virtual void emit_reduce_sum(Ref out, const std::string& name, Ref x, int axis) = 0;

 private:
  Ref define(Shape shape);
  std::vector<Shape> shapes_;
};

}  // namespace octet
