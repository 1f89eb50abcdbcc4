// Any request, as the page's server has it after the library read it: who may ask, and each path. Its
// fields are lines; what follows them is the body.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.h"
#include "serve/http/routes.h"
#include "serve/options.h"

namespace {

struct Surroundings {
  octet::Watch watch{{}, {}};
  octet::DashboardState board;
  octet::Routes open{{.address = "0.0.0.0:8080", .open = true}, watch, board, {}};
  octet::Routes closed{
      {.address = "0.0.0.0:8080", .token = "0123456789abcdef01"}, watch, board, {}};
};

std::string line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string out(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Surroundings at;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  octet::HttpRequest request;
  for (std::string* field : {&request.method, &request.path, &request.since, &request.host,
                             &request.origin, &request.content_type, &request.authorization})
    *field = line(text);
  request.body = text;
  if (!at.open.refuse(request)) (void)at.open.answer(request);
  const bool public_path = request.path == "/healthz";
  const bool let_in = !at.closed.refuse(request);
  if (let_in && !public_path &&
      request.authorization.find("0123456789abcdef01") == std::string::npos)
    std::abort();  // without the token
  return 0;
}
