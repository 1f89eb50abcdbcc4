// Removes secrets from addresses. All code that prints, logs, publishes or serves an address uses
// these functions.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// Removes user, password and query, and a path from "user=admin&password=word" on:
// "rtsp://user:password@camera/stream?token=1" becomes "rtsp://camera/stream". Of an address with an
// @ behind the first / ? or #, the part behind the last @ is left, "rtsp://…@camera/stream", and
// only "rtsp://…" where that may be secret. A text without :// is returned unchanged.
[[nodiscard]] std::string public_address(std::string_view address);

// Replaces every address in a text by its public_address(). White space or a quote ends an address.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace octet
