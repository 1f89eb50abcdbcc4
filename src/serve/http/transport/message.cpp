#include "serve/http/transport/message.h"

#include <fmt/format.h>
#include <microhttpd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "serve/http/transport/encoding.h"

namespace octet {
namespace {

constexpr size_t kWorthCompressing = 1024;  // bytes

struct Headers {
  std::string host, origin, authorization, content_type, content_encoding, content_length,
      transfer_encoding, accept_encoding, range;
  bool malformed = false;
};

struct HeaderRow {
  std::string_view name;
  std::string Headers::*value;
};
constexpr HeaderRow kHeaders[] = {{"Host", &Headers::host},
                                  {"Origin", &Headers::origin},
                                  {"Authorization", &Headers::authorization},
                                  {"Content-Type", &Headers::content_type},
                                  {"Content-Encoding", &Headers::content_encoding},
                                  {"Content-Length", &Headers::content_length},
                                  {"Transfer-Encoding", &Headers::transfer_encoding},
                                  {"Accept-Encoding", &Headers::accept_encoding},
                                  {"Range", &Headers::range}};

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// One of ours that stands twice, or a name with a space, may mean one thing to us and another to a
// proxy before us.
MHD_Result take_header(void* to, MHD_ValueKind, const char* name, size_t name_size,
                       const char* value, size_t value_size) {
  Headers& headers = *static_cast<Headers*>(to);
  const std::string_view given(name, name_size);
  if (given.find_first_of(" \t") != std::string_view::npos) headers.malformed = true;
  for (const HeaderRow& row : kHeaders) {
    if (!is_same_name(given, row.name)) continue;
    std::string& into = headers.*row.value;
    if (!into.empty()) headers.malformed = true;
    if (value != nullptr) into.assign(value, value_size);
  }
  return MHD_YES;
}

std::optional<HttpAnswer> unreadable(const Headers& headers, const HttpLimits& limits) {
  if (headers.malformed) return error_answer(400, "a header is malformed, or there twice");
  if (!headers.transfer_encoding.empty())
    return error_answer(411, "a body is expected with its Content-Length");
  if (!headers.content_encoding.empty() && !is_same_name(headers.content_encoding, "identity"))
    return error_answer(415, "a body is expected as it is, without Content-Encoding");
  size_t length = 0;
  const std::string& text = headers.content_length;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error == std::errc::result_out_of_range || length > limits.body_bytes)
    return error_answer(413, fmt::format("a body has at most {} bytes", limits.body_bytes));
  return std::nullopt;
}

void release(void* owner) {
  const std::unique_ptr<std::shared_ptr<const void>> gone(
      static_cast<std::shared_ptr<const void>*>(owner));
}

void take_range(HttpAnswer& answer, const std::string& range) {
  const size_t size = answer.body.size();
  const auto part = parse_range(range, size);
  if (!part) return;
  if (part->count == 0) {
    answer = error_answer(416, "the range begins behind the end");
    answer.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return;
  }
  answer.status = 206;
  answer.body = answer.body.substr(part->first, part->count);
  answer.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", part->first,
                                                           part->first + part->count - 1, size));
}

void compress(HttpAnswer& answer, CompressedFiles& files) {
  answer.headers.emplace_back("Content-Encoding", "gzip");
  if (answer.owner) {
    auto owner = std::make_shared<const std::string>(gzip(answer.body, Compression::kFast));
    answer.body = *owner;
    answer.owner = std::move(owner);
    return;
  }
  std::string& file = files[answer.body.begin()];
  if (file.empty()) file = gzip(answer.body, Compression::kSmall);
  answer.body = file;
}

}  // namespace

ReceivedRequest read_request(MHD_Connection* connection, const char* method, const char* path,
                             const HttpLimits& limits) {
  Headers headers;
  ::MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, &headers);
  ReceivedRequest out;
  out.unreadable = unreadable(headers, limits);
  out.range = std::move(headers.range);
  out.takes_gzip = accepts_gzip(headers.accept_encoding);
  HttpRequest& request = out.request;
  request.method = method;
  request.path = path;
  const char* since = ::MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "since");
  if (since != nullptr) request.since = since;
  request.host = std::move(headers.host);
  request.origin = std::move(headers.origin);
  request.content_type = std::move(headers.content_type);
  request.authorization = std::move(headers.authorization);
  request.arrived = std::chrono::steady_clock::now();
  return out;
}

void encode_body(HttpAnswer& answer, const ReceivedRequest& to, CompressedFiles& files) {
  if (answer.status != 200 || answer.live) return;
  if (!to.range.empty()) {
    take_range(answer, to.range);
  } else if (to.takes_gzip && is_compressible(answer.type) &&
             answer.body.size() >= kWorthCompressing) {
    compress(answer, files);
  }
}

void ResponseDeleter::operator()(MHD_Response* response) const { ::MHD_destroy_response(response); }

Response make_response(const HttpAnswer& answer) {
  char* body = const_cast<char*>(answer.body.data());  // it is only read
  if (!answer.owner)
    return Response(
        ::MHD_create_response_from_buffer(answer.body.size(), body, MHD_RESPMEM_PERSISTENT));
  auto owner = std::make_unique<std::shared_ptr<const void>>(answer.owner);
  Response response(::MHD_create_response_from_buffer_with_free_callback_cls(
      answer.body.size(), body, release, owner.get()));
  if (response) (void)owner.release();  // the response's, until release()
  return response;
}

void add_header(MHD_Response* response, const std::string& name, const std::string& value) {
  ::MHD_add_response_header(response, name.c_str(), value.c_str());
}

}  // namespace octet
