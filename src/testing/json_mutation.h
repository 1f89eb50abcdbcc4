// Of fuzz targets: a JSON value of which one part is different. Mutated as text, nearly all inputs
// would end at the parser.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

namespace octet {

// One of those where readers go wrong.
template <typename Random>
nlohmann::json odd_value(Random& random) {
  static const std::array<nlohmann::json, 16> kValues = {nullptr,
                                                         true,
                                                         0,
                                                         1,
                                                         -1,
                                                         2,
                                                         16,
                                                         255,
                                                         65536,
                                                         std::numeric_limits<int32_t>::max(),
                                                         std::numeric_limits<int64_t>::min(),
                                                         std::numeric_limits<uint64_t>::max(),
                                                         0.5,
                                                         1e308,
                                                         "",
                                                         nlohmann::json::array()};
  return kValues[random() % kValues.size()];
}

// Changes, removes, doubles or replaces the value at a random place.
template <typename Random>
void mutate_json(nlohmann::json& at, Random& random) {
  if (at.is_structured() && !at.empty() && random() % 8 != 0) {
    auto child = std::next(at.begin(), static_cast<std::ptrdiff_t>(random() % at.size()));
    const auto what = random() % 12;
    if (what == 0) {
      at.erase(child);
    } else if (what == 1 && at.is_array()) {
      at.push_back(nlohmann::json(*child));
    } else if (what == 2) {
      auto other = std::next(at.begin(), static_cast<std::ptrdiff_t>(random() % at.size()));
      *child = nlohmann::json(*other);
    } else {
      mutate_json(*child, random);
    }
    return;
  }
  if (at.is_number_integer() && random() % 2 == 0) {
    at = static_cast<int64_t>(at.get<uint64_t>() + random() % 5 - 2);  // it may wrap
  } else {
    at = odd_value(random);
  }
}

}  // namespace octet
