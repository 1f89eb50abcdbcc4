// A request and its answer, independent of the HTTP library.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/config/address.h"

namespace octet {

struct HttpRequest {
  std::string method, path;  // the path is decoded, and ends before the query
  std::string since;         // of the query; empty: it has none
  // Headers as they came, empty where there is none.
  std::string host, origin, content_type, authorization;
  std::string body;
  ClientAddress from;
  std::chrono::steady_clock::time_point arrived;  // its headers were complete
};

// The next bytes of a body without an end. Neither bytes nor `ended`: nothing yet.
struct LivePiece {
  std::shared_ptr<const std::string> bytes;
  bool ended = false;
};

struct HttpAnswer {
  int status = 200;
  std::string type;                   // empty: there is no body
  std::string_view body;              // in `owner`
  std::shared_ptr<const void> owner;  // empty: the body is part of the program
  std::function<LivePiece()> live;    // in place of a body; it never waits
  std::vector<std::pair<std::string, std::string>> headers;
};

[[nodiscard]] HttpAnswer text_answer(std::string text, std::string type, int status = 200);
// {"error": reason}
[[nodiscard]] HttpAnswer error_answer(int status, const std::string& reason);

// Answers requests. The server's thread calls both functions, and they never wait.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Asked with the headers, before a body is looked at: an answer refuses the request.
  virtual std::optional<HttpAnswer> refuse(const HttpRequest& request) = 0;
  // Nothing: not yet. It is asked again when the server is woken, and once a second.
  virtual std::optional<HttpAnswer> answer(const HttpRequest& request) = 0;
};

}  // namespace octet
