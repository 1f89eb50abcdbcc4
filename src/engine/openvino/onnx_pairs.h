// Converts an int8 ONNX file of octet, as OpenVINO reads it, to the form of octet's IR.
#pragma once

#include <map>
#include <openvino/openvino.hpp>
#include <string>

#include "graph/quantization.h"

namespace octet {

// A pair of QuantizeLinear and DequantizeLinear that rounds becomes a FakeQuantize. A quantized
// sigmoid with its quantized product becomes Swish. Other nodes are unchanged. Returns the
// parameters of the quantizer before each Swish, by name of the value. The model's shapes have to
// be static.
std::map<std::string, QuantParams> take_ir_form(ov::Model& model);

}  // namespace octet
