// Requests and answers as libmicrohttpd has them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "serve/http/transport/exchange.h"
#include "serve/http/transport/limits.h"

struct MHD_Connection;
struct MHD_Response;

namespace octet {

struct ReceivedRequest {
  HttpRequest request;
  std::string range;
  bool takes_gzip = false;
  // The answer to a request that cannot be read to its end. The connection is closed after it, so
  // that the rest is never read as another request.
  std::optional<HttpAnswer> unreadable;
};

// Of a request whose headers are complete. Its body may be `limits.body_bytes` long, has to say how
// long it is, and is not compressed.
[[nodiscard]] ReceivedRequest read_request(MHD_Connection* connection, const char* method,
                                           const char* path, const HttpLimits& limits);

struct ResponseDeleter {
  void operator()(MHD_Response* response) const;
};
using Response = std::unique_ptr<MHD_Response, ResponseDeleter>;

// What is part of the program is compressed once. Keys: where it lies.
using CompressedFiles = std::map<const char*, std::string>;

// Compresses the body, or leaves the part that was asked for.
void encode_body(HttpAnswer& answer, const ReceivedRequest& to, CompressedFiles& files);
// Of an answer with a body; shares it.
[[nodiscard]] Response make_response(const HttpAnswer& answer);

void add_header(MHD_Response* response, const std::string& name, const std::string& value);

}  // namespace octet
