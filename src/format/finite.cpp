#include "format/finite.h"

#include <cstdint>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace octet {
namespace {

// IEEE 754: whatever is beyond infinity, the sign aside. The bytes need no alignment.
template <typename Bits, Bits kInfinity>
bool has_nan(std::span<const std::byte> values) {
  constexpr Bits kMagnitude = std::numeric_limits<Bits>::max() >> 1;
  bool found = false;
  for (size_t at = 0; at + sizeof(Bits) <= values.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, values.data() + at, sizeof bits);
    found |= (bits & kMagnitude) > kInfinity;
  }
  return found;
}

struct FloatType {
  std::string_view name;
  bool (*has_nan)(std::span<const std::byte> values);
};
constexpr FloatType kFloatTypes[] = {{"f32", has_nan<uint32_t, 0x7F800000>},
                                     {"f16", has_nan<uint16_t, 0x7C00>},
                                     {"bf16", has_nan<uint16_t, 0x7F80>},
                                     {"f64", has_nan<uint64_t, 0x7FF0000000000000>}};

}  // namespace

void require_no_nan(std::span<const std::byte> values, std::string_view type,
                    const std::string& where) {
  for (const FloatType& known : kFloatTypes) {
    if (known.name == type && known.has_nan(values))
      fail("{}: holds NaN; the training that made it diverged, take an earlier checkpoint", where);
  }
}

}  // namespace octet
