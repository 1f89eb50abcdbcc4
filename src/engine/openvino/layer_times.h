// The times of a compiled network's layers, as OpenVINO's CPU plugin counts them.
#pragma once

#include <map>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace octet {

// Of a layer of an executed graph, by its type: whether it computes products, as convolutions do,
// and the matrix products that OpenVINO makes of some.
[[nodiscard]] bool multiplies(const std::string& layer);
// "u8" as int8, "f32" as fp32; others keep their names.
[[nodiscard]] std::string arithmetic_of(const std::string& element_type);

// Multiply-accumulates by the names of operators. Shapes that are not fixed count 0.
using Multiplications = std::map<std::string, double>;
[[nodiscard]] Multiplications count_multiplications(const ov::Model& model);

// `model` was compiled with ov::enable_profiling, and `request` has run.
[[nodiscard]] std::vector<LayerTime> layer_times(const ov::CompiledModel& model,
                                                 const ov::InferRequest& request,
                                                 const Multiplications& multiplications);

}  // namespace octet
