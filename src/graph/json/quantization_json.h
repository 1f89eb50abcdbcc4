// Parameters of values, by name, as JSON: as the model file and OpenVINO's IR keep them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "graph/quantization.h"

namespace octet {

// The metadata of an export that leaves out what rounds before SiLU: those parameters, by
// convolution.
inline constexpr const char* kBeforeSiluKey = "before_silu";

[[nodiscard]] nlohmann::json to_json(const std::map<std::string, QuantParams>& values);

// Throws an Error that names the value whose scale or zero point is none.
[[nodiscard]] std::map<std::string, QuantParams> quant_params_from_json(const nlohmann::json& json);

}  // namespace octet
