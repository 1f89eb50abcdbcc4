// Conversions of IEEE 754 binary16 and bfloat16, without compiler extensions.
#pragma once

#include <cstdint>

namespace octet {

[[nodiscard]] float half_to_float(uint16_t bits);
[[nodiscard]] uint16_t float_to_half(
    float value);  // rounds to nearest even; overflow becomes infinity
[[nodiscard]] float bfloat16_to_float(uint16_t bits);

}  // namespace octet
