// One operator of a TensorFlow Lite file that is being read: its inputs, and its result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/budget.h"
#include "format/import/network_file.h"
#include "tflite_generated.h"

namespace octet {

// All members throw an Error with the reason where something is missing.
class TfliteCall {
 public:
  TfliteCall(const tflite::SubGraph& graph, const tflite::Operator& op, Draft& draft,
             FileValues& values, Budget& budget)
      : graph_(graph), op_(op), draft_(draft), values_(values), budget_(budget) {}

  [[nodiscard]] Draft& draft() { return draft_; }
  [[nodiscard]] Budget& budget() { return budget_; }
  [[nodiscard]] const tflite::Operator& op() const { return op_; }
  [[nodiscard]] std::string name() const;  // of its first result
  // Of the first result, as the file has it.
  [[nodiscard]] Shape output_shape() const;
  [[nodiscard]] tflite::TensorType output_type() const;

  [[nodiscard]] size_t inputs() const { return op_.inputs() == nullptr ? 0 : op_.inputs()->size(); }
  [[nodiscard]] bool has(size_t i) const;
  [[nodiscard]] bool is_constant(size_t i) const;
  [[nodiscard]] const Computed& computed(size_t i) const;
  [[nodiscard]] const Constant& constant(size_t i) const;
  [[nodiscard]] std::vector<int64_t> integers(size_t i) const;
  // As the network computes it, or the constant's.
  [[nodiscard]] const Shape& shape(size_t i) const;

  [[nodiscard]] size_t outputs() const {
    return op_.outputs() == nullptr ? 0 : op_.outputs()->size();
  }
  void make(FileValues::Value value) { make(0, std::move(value)); }
  void make(size_t output, FileValues::Value value);
  // The value after the activation that the operator includes.
  void make(Computed value, tflite::ActivationFunction fused);
  void make(Constant value, tflite::ActivationFunction fused);

 private:
  [[nodiscard]] const FileValues::Value& input(size_t i) const;

  const tflite::SubGraph& graph_;
  const tflite::Operator& op_;
  Draft& draft_;
  FileValues& values_;
  Budget& budget_;
};

// The activation that an operator includes. A file may leave the options out.
template <typename Options>
[[nodiscard]] tflite::ActivationFunction fused_in(const Options* options) {
  return options == nullptr ? tflite::ActivationFunction_NONE
                            : options->fused_activation_function();
}

[[nodiscard]] inline std::string tensor_key(int32_t index) { return std::to_string(index); }
[[nodiscard]] std::string tensor_name(const tflite::SubGraph& graph, int32_t index);
[[nodiscard]] Shape tensor_shape(const tflite::SubGraph& graph, int32_t index);

using TfliteOperatorReader = void (*)(TfliteCall& call);
// Nothing where octet has no such operator.
[[nodiscard]] TfliteOperatorReader find_tflite_layer(int code);
// Of those, what moves values or sees them with another shape.
[[nodiscard]] TfliteOperatorReader find_tflite_move(int code);
// The same for values that are constants, and for the shapes of others.
[[nodiscard]] TfliteOperatorReader find_tflite_constant(int code);

}  // namespace octet
