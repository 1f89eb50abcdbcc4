#include "graph/json/quantization_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {

using nlohmann::json;

json to_json(const std::map<std::string, QuantParams>& values) {
  json list = json::object();
  for (const auto& [name, p] : values)
    list[name] = {{"scale", p.scale}, {"zero_point", p.zero_point}};
  return list;
}

std::map<std::string, QuantParams> quant_params_from_json(const json& list) {
  std::map<std::string, QuantParams> values;
  for (const auto& [name, value] : list.items()) {
    const QuantParams p{.scale = value.at("scale").get<float>(),
                        .zero_point = value.at("zero_point").get<int>()};
    if (!std::isfinite(p.scale) || p.scale <= 0)
      fail("the scale of '{}' is {}; a positive number is expected", name, p.scale);
    if (p.zero_point < kInt8Min || p.zero_point > kInt8Max)
      fail("the zero point of '{}' is {}, outside int8", name, p.zero_point);
    values.emplace(name, p);
  }
  return values;
}

}  // namespace octet
