// The result of a tuning as JSON. docs/reference/json.md describes it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tune/result.h"

namespace octet {

[[nodiscard]] nlohmann::ordered_json to_json(const TuneResult& result);

}  // namespace octet
