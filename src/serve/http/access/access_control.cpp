#include "serve/http/access/access_control.h"

#include <string_view>

#include "core/error.h"
#include "serve/options.h"

namespace octet {
namespace {

constexpr size_t kShortestToken = 16;

std::string from_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

// Takes as long for a wrong token as for the right one.
bool equal_in_constant_time(std::string_view given, std::string_view wanted) {
  unsigned different = given.size() == wanted.size() ? 0 : 1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    different |= static_cast<unsigned char>(i < given.size() ? given[i] : 0) ^
                 static_cast<unsigned char>(wanted[i]);
  }
  return different == 0;
}

// "application/json", with or without parameters behind a semicolon.
bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  return type == "application/json";
}

}  // namespace

AccessControl::AccessControl(const ServerOptions& options)
    : endpoint_(parse_endpoint(options.address)),
      token_(options.token),
      local_only_(is_loopback(endpoint_.host) && token_.empty()) {
  if (!token_.empty() && token_.size() < kShortestToken) {
    fail_usage("--http-token: {} characters are too few; {} or more cannot be guessed",
               token_.size(), kShortestToken);
  }
  if (!is_loopback(endpoint_.host) && token_.empty() && !options.open) {
    fail_usage(
        "--http {}: other machines reach this address; give --http-token FILE, or --http-open if "
        "everybody may look",
        options.address);
  }
}

bool AccessControl::has_token(const std::string& authorization) const {
  const std::string_view text = authorization;
  if (text.starts_with("Bearer ")) return equal_in_constant_time(text.substr(7), token_);
  if (!text.starts_with("Basic ")) return false;
  const std::string pair = from_base64(text.substr(6));  // a browser asks for name and password
  const size_t colon = pair.find(':');
  return colon != std::string::npos &&
         equal_in_constant_time(std::string_view(pair).substr(colon + 1), token_);
}

std::optional<Refusal> AccessControl::check_token(const RequestInfo& asked,
                                                  AttemptLimiter::Time now) {
  if (token_.empty() || asked.path == "/healthz") return std::nullopt;
  Refusal refusal{401, "the token is missing or wrong"};
  if (asked.authorization.empty()) return refusal;  // nobody guessed
  // Not looked at: else the right token among many would still be told from the wrong ones.
  if (const auto wait = wrong_tokens_.wait(asked.from, now); wait.count() > 0)
    return Refusal{429, "too many wrong tokens came from this address", wait};
  if (has_token(asked.authorization)) return std::nullopt;
  wrong_tokens_.failed(asked.from, now);
  return refusal;
}

std::optional<Refusal> AccessControl::check(const RequestInfo& asked, AttemptLimiter::Time now) {
  if (asked.method != "GET" && asked.method != "HEAD" && asked.method != "POST")
    return Refusal{405, "only GET and POST are answered"};
  if (auto refusal = check_token(asked, now)) return refusal;
  // A name that somebody else's server gave this machine would let their page read ours.
  const auto host = parse_authority(asked.host);
  if (local_only_ && (!host || !is_loopback(host->host)))
    return Refusal{403, "the Host header names another machine"};
  if (asked.method != "POST") return std::nullopt;
  if (!asked.origin.empty() && !is_same_origin(asked.origin, asked.host))
    return Refusal{403, "another site's page may not change anything here"};
  if (!is_json(asked.content_type)) return Refusal{415, "application/json is expected"};
  return std::nullopt;
}

}  // namespace octet
