// octet's own int8 IR, rewritten so that OpenVINO gives what the integer reference gives, bit for
// bit, in less time than SiLU in float takes it.
#pragma once

#include <openvino/openvino.hpp>

namespace octet {

// Rewrites a model of static shape whose metadata say what rounds before SiLU; leaves others as
// they are. Throws an Error naming the file (`name`) where the metadata are damaged.
void compute_in_steps(ov::Model& model, const std::string& name);

}  // namespace octet
