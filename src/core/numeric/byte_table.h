// Looks bytes up in a table of 256. Any function of one int8 value can be computed in this way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet {

using ByteTable = std::array<uint8_t, 256>;

// to[i] = table[from[i]] for `count` bytes. `from` and `to` may be equal.
void look_up(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);

// The implementations that this processor can run, fastest first: AVX-512 VBMI, AVX2, plain C++.
// look_up() takes the first.
using LookUp = void (*)(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);
[[nodiscard]] std::vector<LookUp> ways_to_look_up();

}  // namespace octet
