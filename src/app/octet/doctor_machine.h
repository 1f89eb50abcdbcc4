// The parts of 'octet doctor' that tell of the machine: memory, clock, temperature, cameras.
#pragma once

#include <nlohmann/json.hpp>

#include "machine/system_files.h"

namespace octet {

// "system", "memory", "caches", "clocks", "temperatures" and "cameras". docs/reference/json.md
// describes them.
[[nodiscard]] nlohmann::ordered_json describe_machine(const SystemFiles& files);
// "clocks" and "temperatures" alone, which change under load.
[[nodiscard]] nlohmann::ordered_json describe_load(const SystemFiles& files);

// Lines for a person, of the object of describe_machine().
void print_machine(const nlohmann::ordered_json& machine);
void print_load(const nlohmann::ordered_json& load);

}  // namespace octet
