// Removes secrets from addresses. All code that prints, logs, publishes or serves an address uses
// these functions.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// Removes user, password and query: "rtsp://user:password@camera/stream?token=1" becomes
// "rtsp://camera/stream". Only "rtsp://…" is left where the end of the password is ambiguous, such
// as with a / in it. A text without :// is returned unchanged.
[[nodiscard]] std::string public_address(std::string_view address);

// Replaces every address in a text by its public_address(). White space or a quote ends an address.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace octet
