// Addresses without their secrets. Everything that is printed, logged, published or served takes an
// address from here.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// Without user, password and query: "rtsp://camera/stream" of "rtsp://user:password@camera/stream?
// token=1". Where it cannot be told what belongs to a password, such as one with a / in it, only
// "rtsp://…" is left. A text without :// is returned as it is.
[[nodiscard]] std::string public_address(std::string_view address);

// A text in which every address is a public_address(). An address ends with white space or a quote.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace octet
