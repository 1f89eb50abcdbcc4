#include "serve/http/transport/tls_identity.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <memory>

#include "core/error.h"
#include "core/file.h"

namespace octet {
namespace {

namespace fs = std::filesystem;

// The library only reads what it is given here.
gnutls_datum_t datum_of(std::string& text) {
  return {reinterpret_cast<unsigned char*>(text.data()), static_cast<unsigned>(text.size())};
}

void require_certificate(std::string& pem, const fs::path& file) {
  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_crt_init(&certificate);
  const auto datum = datum_of(pem);
  const int error = gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_PEM);
  gnutls_x509_crt_deinit(certificate);
  if (error < 0)
    fail("--http-cert {}: no certificate in PEM: {}", file.string(), gnutls_strerror(error));
}

void require_key(std::string& pem, const fs::path& file) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_privkey_init(&key);
  const auto datum = datum_of(pem);
  const int error =
      gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN);
  gnutls_x509_privkey_deinit(key);
  if (error < 0) {
    fail("--http-key {}: no private key in PEM, or one behind a password: {}", file.string(),
         gnutls_strerror(error));
  }
}

}  // namespace

TlsIdentity read_tls_identity(const fs::path& certificate, const fs::path& key) {
  TlsIdentity identity{read_text_file(certificate), read_text_file(key)};
  require_certificate(identity.certificate, certificate);
  require_key(identity.key, key);
  gnutls_certificate_credentials_t both = nullptr;
  gnutls_certificate_allocate_credentials(&both);
  const auto certificate_datum = datum_of(identity.certificate);
  const auto key_datum = datum_of(identity.key);
  const int error = gnutls_certificate_set_x509_key_mem(both, &certificate_datum, &key_datum,
                                                        GNUTLS_X509_FMT_PEM);
  gnutls_certificate_free_credentials(both);
  if (error < 0) {
    fail("--http-key {}: does not belong to --http-cert {}: {}", key.string(), certificate.string(),
         gnutls_strerror(error));
  }
  return identity;
}

}  // namespace octet
