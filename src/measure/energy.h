// The energy that the processor packages have used.
#pragma once

#include <optional>

namespace octet {

// In joules, since any moment: only differences mean something. Nothing where the machine has no
// counter that may be read (Linux' powercap).
[[nodiscard]] std::optional<double> joules_so_far();

}  // namespace octet
