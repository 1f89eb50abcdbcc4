// Refuses weights with NaN. A network with such weights would detect nothing, without a message.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace octet {

// Checks values of `type` f32, f16, bf16 or f64, and accepts any other type. Infinity is allowed:
// valid files have it as the limit of a clamp or a mask. Throws an Error that begins with `where`.
void require_no_nan(std::span<const std::byte> values, std::string_view type,
                    const std::string& where);

}  // namespace octet
