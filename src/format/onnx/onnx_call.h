// One node of an ONNX file that is being read: its attributes, its inputs, and what it makes.
#pragma once

#include <onnx/onnx_pb.h>

#include <optional>
#include <string>
#include <vector>

#include "core/budget.h"
#include "format/import/network_file.h"

namespace octet {

// All members throw an Error with the reason where something is missing.
class OnnxCall {
 public:
  OnnxCall(const onnx::NodeProto& node, int64_t opset, Draft& draft, FileValues& values,
           Budget& budget)
      : node_(node), opset_(opset), draft_(draft), values_(values), budget_(budget) {}

  [[nodiscard]] Draft& draft() { return draft_; }
  [[nodiscard]] Budget& budget() { return budget_; }
  [[nodiscard]] int64_t opset() const { return opset_; }
  [[nodiscard]] const std::string& name() const { return node_.output(0); }  // of its value
  [[nodiscard]] const std::string& type() const { return node_.op_type(); }

  // ---- inputs. One without a name is left out.
  [[nodiscard]] size_t inputs() const { return static_cast<size_t>(node_.input_size()); }
  [[nodiscard]] bool has(size_t i) const {
    return i < inputs() && !node_.input(static_cast<int>(i)).empty();
  }
  [[nodiscard]] bool is_constant(size_t i) const;
  [[nodiscard]] const Computed& computed(size_t i) const;
  [[nodiscard]] const Constant& constant(size_t i) const;
  [[nodiscard]] const FileValues::Value& input(size_t i) const;
  // The first number of a constant.
  [[nodiscard]] double number(size_t i) const;
  [[nodiscard]] std::vector<int64_t> integers(size_t i) const;

  // ---- attributes
  [[nodiscard]] const onnx::AttributeProto* find(std::string_view name) const;
  [[nodiscard]] int64_t integer(std::string_view name, int64_t otherwise) const;
  [[nodiscard]] double real(std::string_view name, double otherwise) const;
  [[nodiscard]] std::string text(std::string_view name, const std::string& otherwise) const;
  [[nodiscard]] std::vector<int64_t> integers(std::string_view name,
                                              std::vector<int64_t> otherwise) const;
  [[nodiscard]] std::vector<double> reals(std::string_view name) const;
  // Integers that are an input since `opset`, and an attribute before it. Nothing: there are none.
  [[nodiscard]] std::optional<std::vector<int64_t>> moved_integers(std::string_view name, size_t i,
                                                                   int64_t opset) const;

  // ---- results
  [[nodiscard]] size_t outputs() const { return static_cast<size_t>(node_.output_size()); }
  void make(FileValues::Value value) { make(0, std::move(value)); }
  void make(size_t output, FileValues::Value value);

 private:
  const onnx::NodeProto& node_;
  int64_t opset_;
  Draft& draft_;
  FileValues& values_;
  Budget& budget_;
};

// Makes the node's value of values that are computed. Nothing where octet has no such operator.
using OnnxOperator = void (*)(OnnxCall& call);
[[nodiscard]] OnnxOperator find_onnx_layer(std::string_view type);
// Of those, convolutions, pooling and resizing, and what moves values.
[[nodiscard]] OnnxOperator find_onnx_window(std::string_view type);
// Of those, what moves values or sees them with another shape.
[[nodiscard]] OnnxOperator find_onnx_move(std::string_view type);
// The same for values that are constants.
[[nodiscard]] OnnxOperator find_onnx_constant(std::string_view type);

}  // namespace octet
