// Quantization parameters by name of the value, as JSON. The model file and OpenVINO's IR store
// them in this form.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "graph/quantization.h"

namespace octet {

// The metadata key of an export without the quantizers before SiLU. Its value has their parameters,
// by convolution.
inline constexpr const char* kBeforeSiluKey = "before_silu";

[[nodiscard]] nlohmann::json to_json(const std::map<std::string, QuantParams>& values);

// Throws an Error that names the value whose scale or zero point is invalid.
[[nodiscard]] std::map<std::string, QuantParams> quant_params_from_json(const nlohmann::json& json);

}  // namespace octet
