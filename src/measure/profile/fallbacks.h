// The layers of an int8 network that an engine computes in float, and the reasons that are known.
#pragma once

#include "measure/profile/profile.h"
#include "model/model.h"

namespace octet {

// Sets LayerTime::fallback of such layers where the engine did not. `model`: null where the file is
// an export. Layers that only convert values are none.
void explain_fallbacks(const Model* model, Profile& profile);

}  // namespace octet
