// A TensorFlow Lite graph under construction: tensors, constants and operators. It knows nothing of
// YOLO.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor_view.h"
#include "graph/quantization.h"
#include "tflite_generated.h"

namespace octet {

class TfliteGraph {
 public:
  using Tensor = int;  // index
  using Operator = tflite::OperatorT*;

  TfliteGraph();

  Tensor tensor(const std::string& name, const Shape& shape, tflite::TensorType type);
  Tensor constant(const std::string& name, const Shape& shape, tflite::TensorType type,
                  std::span<const std::byte> bytes);
  Tensor integers(const std::string& name, const std::vector<int64_t>& values);
  void quantize(Tensor t, const QuantParams& params);  // and makes it int8
  // One scale for each along an axis.
  void quantize_channels(Tensor t, const std::vector<float>& scales, int axis = 0);

  // Appends an operator with one output, or inserts it directly before another. Operators keep
  // their place in memory.
  template <typename Options>
  Operator add(tflite::BuiltinOperator code, int version, std::vector<Tensor> inputs, Tensor output,
               Options options) {
    Operator op = add(code, version, std::move(inputs), output);
    op->builtin_options.Set(std::move(options));
    return op;
  }
  Operator add(tflite::BuiltinOperator code, int version, std::vector<Tensor> inputs, Tensor output,
               Operator before = nullptr);

  [[nodiscard]] tflite::TensorT& at(Tensor t) { return *graph().tensors.at(size_t(t)); }
  [[nodiscard]] tflite::BuiltinOperator code(const tflite::OperatorT& op) const {
    return model_.operator_codes.at(op.opcode_index)->builtin_code;
  }
  [[nodiscard]] Shape shape(Tensor t);
  [[nodiscard]] bool is_int8(Tensor t) { return at(t).type == tflite::TensorType_INT8; }

  void input(Tensor t) { graph().inputs.push_back(t); }
  void output(Tensor t) { graph().outputs.push_back(t); }
  void metadata(const std::string& name, const std::string& text);
  [[nodiscard]] std::string serialize();

 private:
  tflite::SubGraphT& graph() { return *model_.subgraphs.front(); }
  uint32_t buffer(std::span<const std::byte> bytes);

  tflite::ModelT model_;
  std::map<std::pair<int, int>, uint32_t> codes_;  // by operator and version
};

}  // namespace octet
