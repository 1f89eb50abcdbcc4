#include "engine/openvino/table_look_up.h"

#include <algorithm>
#include <openvino/core/parallel.hpp>

#include "core/numeric/byte_table.h"

namespace octet {
namespace {

constexpr size_t kPart = 16384;  // bytes that one thread takes at a time

}  // namespace

TableLookUp::TableLookUp(const ov::Output<ov::Node>& values, const ov::Output<ov::Node>& table)
    : Op({values, table}) {
  constructor_validate_and_infer_types();
}

void TableLookUp::validate_and_infer_types() {
  NODE_VALIDATION_CHECK(this,
                        get_input_size() == 2 && get_input_element_type(0) == ov::element::u8 &&
                            get_input_element_type(1) == ov::element::u8 &&
                            get_input_partial_shape(1) == ov::Shape{ByteTable{}.size()},
                        "takes bytes and a table of 256 bytes");
  set_output_type(0, ov::element::u8, get_input_partial_shape(0));
}

std::shared_ptr<ov::Node> TableLookUp::clone_with_new_inputs(const ov::OutputVector& inputs) const {
  return std::make_shared<TableLookUp>(inputs.at(0), inputs.at(1));
}

ov::OutputVector TableLookUpExtension::create(const ov::OutputVector& inputs,
                                              ov::AttributeVisitor& /*visitor*/) const {
  return std::make_shared<TableLookUp>(inputs.at(0), inputs.at(1))->outputs();
}

bool TableLookUp::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
  outputs[0].set_shape(inputs[0].get_shape());
  const auto* from = static_cast<const uint8_t*>(inputs[0].data());
  auto* to = static_cast<uint8_t*>(outputs[0].data());
  const size_t size = inputs[0].get_size();
  ByteTable table;
  std::copy_n(static_cast<const uint8_t*>(inputs[1].data()), table.size(), table.begin());
  ov::parallel_for((size + kPart - 1) / kPart, [&](size_t part) {
    const size_t begin = part * kPart;
    look_up(from + begin, to + begin, std::min(kPart, size - begin), table);
  });
  return true;
}

}  // namespace octet
