// Reads one element of a file's tensor, of any type, as a number. The bytes need no alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/numeric/half.h"

namespace octet {

using ElementReader = double (*)(const std::byte*);

template <typename T>
double read_element(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

inline double read_half(const std::byte* at) {
  uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return static_cast<double>(half_to_float(bits));
}

inline double read_bfloat16(const std::byte* at) {
  uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return static_cast<double>(bfloat16_to_float(bits));
}

}  // namespace octet
