// An int8 ONNX file of octet's, as OpenVINO reads it, put into the form of octet's IR.
#pragma once

#include <map>
#include <openvino/openvino.hpp>
#include <string>

#include "graph/quantization.h"

namespace octet {

// QuantizeLinear with its DequantizeLinear becomes a FakeQuantize, where it rounds; a sigmoid with
// its product, each rounded, becomes Swish. Returns what rounds before Swish, by the name of the
// value. What has another form is left as it is. The model's shapes are static.
std::map<std::string, QuantParams> take_ir_form(ov::Model& model);

}  // namespace octet
