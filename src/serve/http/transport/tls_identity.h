// Who this server is over HTTPS.
#pragma once

#include <filesystem>
#include <string>

namespace octet {

struct TlsIdentity {
  std::string certificate, key;  // PEM; the certificate first, then those that vouch for it
};

// Throws an Error that names the file when one cannot be read or is no PEM, and when the key is of
// another certificate.
[[nodiscard]] TlsIdentity read_tls_identity(const std::filesystem::path& certificate,
                                            const std::filesystem::path& key);

}  // namespace octet
