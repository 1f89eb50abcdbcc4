// The user and password in a camera's address.
#pragma once

#include <string>
#include <string_view>

namespace octet {

// The same address with every character of user and password percent-encoded that has a meaning in
// addresses: people write "rtsp://user:p@ss/w?rd#1@host/path". The login ends with the last @ before
// the host. What is encoded already stays, and so does an @ behind the host, such as in
// "rtsp://user:word@host/stream@2". Where both could be, what a host must look like decides; who
// encodes the password leaves no doubt.
[[nodiscard]] std::string with_encoded_login(std::string_view address);

}  // namespace octet
