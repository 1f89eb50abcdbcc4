// An operation of octet in an OpenVINO graph: it looks bytes up in a table.
#pragma once

#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>
#include <openvino/openvino.hpp>

namespace octet {

// Inputs: u8 of any shape, and u8 (256); output: u8 of the first's shape.
class TableLookUp : public ov::op::Op {
 public:
  OPENVINO_OP("TableLookUp", "octet")

  TableLookUp() = default;
  TableLookUp(const ov::Output<ov::Node>& values, const ov::Output<ov::Node>& table);

  void validate_and_infer_types() override;
  [[nodiscard]] std::shared_ptr<ov::Node> clone_with_new_inputs(
      const ov::OutputVector& inputs) const override;
  bool visit_attributes(ov::AttributeVisitor& /*visitor*/) override { return true; }
  [[nodiscard]] bool has_evaluate() const override { return true; }
  bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
};

// Makes the operation when a model is read that has it.
class TableLookUpExtension : public ov::BaseOpExtension {
 public:
  [[nodiscard]] const ov::DiscreteTypeInfo& get_type_info() const override {
    return TableLookUp::get_type_info_static();
  }
  ov::OutputVector create(const ov::OutputVector& inputs,
                          ov::AttributeVisitor& visitor) const override;
  [[nodiscard]] std::vector<ov::Extension::Ptr> get_attached_extensions() const override {
    return {};
  }
};

}  // namespace octet
