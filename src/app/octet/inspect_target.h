// octet inspect --target pi5: the work of a model's layers on a Raspberry Pi.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "measure/cost/xnnpack_tiles.h"
#include "model/model.h"

namespace octet {

// Adds "target", "processor", "tile", "gops", "padded_gops", "mbytes" and "layers_on_target".
void add_paper_costs(const Model& model, Size size, const XnnpackTile& tile,
                     nlohmann::ordered_json& j);
void print_paper_costs(const nlohmann::ordered_json& j);

}  // namespace octet
