// Bytes looked up in a table: what any function of one int8 value costs at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace octet {

using ByteTable = std::array<uint8_t, 256>;

// to[i] = table[from[i]] for `count` bytes; the two may be the same. With AVX-512 VBMI or AVX2
// where the processor has it.
void look_up(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);

// The same without them, for processors that have neither.
void look_up_plainly(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table);

}  // namespace octet
