#include "serve/http/server.h"

#include "core/error.h"
#include "serve/http/transport/http_daemon.h"

namespace octet {
namespace {

std::optional<TlsIdentity> tls_of(const ServerOptions& options) {
  if (options.certificate.empty() != options.key.empty()) {
    const bool lacks_key = options.key.empty();
    fail_usage("{}: {} belongs beside it", lacks_key ? "--http-cert" : "--http-key",
               lacks_key ? "--http-key FILE" : "--http-cert FILE");
  }
  if (options.certificate.empty()) return std::nullopt;
  return read_tls_identity(options.certificate, options.key);
}

HttpDaemonOptions daemon_options(const ServerOptions& options, const Endpoint& endpoint) {
  HttpDaemonOptions out{.endpoint = endpoint, .tls = tls_of(options)};
  out.headers = {{"Content-Security-Policy",
                  "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
                  "form-action 'none'; base-uri 'none'"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"X-Frame-Options", "DENY"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cache-Control", "no-store"}};
  return out;
}

}  // namespace

struct Server::Parts {
  Parts(const ServerOptions& options, Watch& watch, DashboardState& b,
        const StatusSources& surroundings)
      : board(b),
        routes(options, watch, board, surroundings),
        daemon(daemon_options(options, routes.endpoint()), routes) {
    board.on_shot([this] { daemon.wake(); });
  }
  ~Parts() { board.on_shot({}); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  DashboardState& board;
  Routes routes;
  HttpDaemon daemon;
};

Server::Server(const ServerOptions& options, Watch& watch, DashboardState& board,
               const StatusSources& surroundings)
    : parts_(std::make_unique<Parts>(options, watch, board, surroundings)) {}
Server::~Server() = default;

int Server::port() const { return parts_->daemon.port(); }

std::string Server::address() const {
  const std::string& host = parts_->routes.endpoint().host;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port());
}

}  // namespace octet
