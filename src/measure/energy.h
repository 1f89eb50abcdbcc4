// The energy that the processor packages have used.
#pragma once

#include <optional>

namespace octet {

// Returns joules since an unknown moment, so use differences only. Returns nothing where the
// machine has no readable counter (powercap of Linux).
[[nodiscard]] std::optional<double> joules_so_far();

}  // namespace octet
