// A network with NaN among its weights finds nothing, in silence: it is refused instead.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace octet {

// `type`: f32, f16, bf16 or f64; of any other nothing is asked. Infinity stands in sound files, as the
// limit of a clamp or a mask. Throws an Error that begins with `where`.
void require_no_nan(std::span<const std::byte> values, std::string_view type,
                    const std::string& where);

}  // namespace octet
