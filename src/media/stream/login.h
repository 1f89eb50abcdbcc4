// The user and password in a camera's address.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// Percent-encodes the special characters of user and password, as in
// "rtsp://user:p@ss/w?rd#1@host/path". The login ends with the last @ before the host. Encoded
// characters stay, and so does an @ behind the host, as in "rtsp://user:word@host/stream@2". Where
// both readings are possible, the form of a host decides. An encoded password is never ambiguous.
[[nodiscard]] std::string with_encoded_login(std::string_view address);

}  // namespace octet
