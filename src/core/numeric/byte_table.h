// Bytes looked up in a table: what any function of one int8 value costs at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet {

using ByteTable = std::array<uint8_t, 256>;

// to[i] = table[from[i]] for `count` bytes; the two may be the same.
void look_up(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);

// All ways of it that this processor has, the fastest first, which look_up() takes: with AVX-512
// VBMI, with AVX2, plainly.
using LookUp = void (*)(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);
[[nodiscard]] std::vector<LookUp> ways_to_look_up();

}  // namespace octet
