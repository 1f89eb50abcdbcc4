// octet's own int8 IR and ONNX files, rewritten so that OpenVINO gives what the integer reference
// gives, bit for bit, in less time than SiLU in float takes it.
#pragma once

#include <openvino/openvino.hpp>

namespace octet {

// Rewrites a model of static shape that has octet's metadata; leaves others as they are. Throws an
// Error naming the file (`name`) where the metadata are damaged.
void compute_in_steps(ov::Model& model, const std::string& name);

}  // namespace octet
