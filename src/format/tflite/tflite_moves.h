// A TensorFlow Lite graph with operators that only move data, for float and integers.
#pragma once

#include "format/tflite/tflite_graph.h"

namespace octet {

// Versions of the operators for float and for int8: those the Edge TPU's compiler knows.
inline constexpr int kFloatVersion = 1, kInt8ConvVersion = 3, kDequantizeVersion = 2;
[[nodiscard]] constexpr int int8_version(tflite::BuiltinOperator code) {
  switch (code) {
    case tflite::BuiltinOperator_HARD_SWISH:
    case tflite::BuiltinOperator_PRELU:
      return 1;
    case tflite::BuiltinOperator_RESIZE_BILINEAR:
      return 3;
    default:
      return 2;
  }
}

[[nodiscard]] constexpr int float_version(tflite::BuiltinOperator code) {
  return code == tflite::BuiltinOperator_RESIZE_BILINEAR ? 3 : kFloatVersion;
}

// Each member appends operators and returns their output tensor. Quantized tensors keep their
// parameters.
class TfliteMoves : public TfliteGraph {
 public:
  // The padding before and after a side.
  struct Ends {
    int64_t before = 0, after = 0;
  };
  struct Sides {
    Ends rows, columns;
    int64_t channels = 0;  // behind those of the input
  };

  [[nodiscard]] QuantParams params_of(Tensor t);
  Tensor transposed(const std::string& name, Tensor t, const Shape& s,
                    const std::vector<int64_t>& order);
  // A tensor like `t`, of another shape.
  Tensor like(const std::string& name, Tensor t, const Shape& s);
  Tensor reshaped(const std::string& name, Tensor t, const Shape& s);
  Tensor repeated(const std::string& name, Tensor t, int axis, int times);
  // Keeps every nth row and column. It uses slices of stride 1 only, which every engine supports.
  Tensor every_nth(const std::string& name, Tensor t, int n, const Shape& nchw);
  // The part of a picture from these pixels on, with the shape `to`.
  struct Corner {
    int64_t top, left;
  };
  Tensor cut(const std::string& name, Tensor t, Corner corner, const Shape& to);
  // The first `count` along an axis.
  Tensor leading(const std::string& name, Tensor t, size_t axis, int64_t count);
  // The amounts of a PAD of pictures.
  Tensor sides(const std::string& name, const Sides& amounts);
  // One step of tensors like `t`, which are int8, as a constant.
  Tensor step(const std::string& name, Tensor t, int8_t step);
  // The smallest value of tensors like `t`, as a constant.
  Tensor least_value(const std::string& name, Tensor t);
  // Adds `value` around `x`. `to` is the shape of the result.
  Tensor padded_by(const std::string& name, Tensor x, Tensor sides, Tensor value, const Shape& to);
  // Adds zeros around `x`. Returns `x` itself where none are needed.
  Tensor padded(const std::string& name, Tensor x, const Sides& amounts);
};

}  // namespace octet
