// Rewrites octet's own int8 IR and ONNX files, so that OpenVINO gives the values of the integer
// reference, bit for bit. It also takes less time than SiLU in float.
#pragma once

#include <openvino/openvino.hpp>

namespace octet {

// Rewrites a model of static shape that has octet's metadata, and leaves others unchanged. Throws
// an Error that names the file (`name`) where the metadata are damaged.
void compute_in_steps(ov::Model& model, const std::string& name);

}  // namespace octet
