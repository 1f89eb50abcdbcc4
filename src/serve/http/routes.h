// The paths of the page's server, and the access to them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "serve/http/access/access_control.h"
#include "serve/http/dashboard_state.h"
#include "serve/http/transport/exchange.h"
#include "serve/status.h"

namespace octet {

// Optional sources of state; an empty one does not exist. The server's thread calls them.
struct StatusSources {
  std::function<MqttStatus()> mqtt;
  std::function<ReloadStatus()> reload;
  std::function<SiteChanges()> sites;
};

class Routes : public HttpHandler {
 public:
  // `watch` and `board` have to outlive it. Throws as AccessControl does.
  Routes(const ServerOptions& options, Watch& watch, DashboardState& board,
         const StatusSources& surroundings);

  [[nodiscard]] const Endpoint& endpoint() const { return access_.endpoint(); }

  std::optional<HttpAnswer> refuse(const HttpRequest& request) override;
  std::optional<HttpAnswer> answer(const HttpRequest& request) override;

 private:
  struct Row;  // of the table of paths
  [[nodiscard]] static std::span<const Row> rows();
  [[nodiscard]] static std::string_view methods_of(const std::string& path);
  HttpAnswer state(const HttpRequest& request);
  HttpAnswer results(const HttpRequest& request);
  HttpAnswer history(const HttpRequest& request);
  HttpAnswer change(const HttpRequest& request);
  HttpAnswer metrics(const HttpRequest& request);
  HttpAnswer health(const HttpRequest& request);
  std::optional<HttpAnswer> picture(int64_t camera, const HttpRequest& request);
  HttpAnswer stream(int64_t camera);

  [[nodiscard]] bool exists(int64_t camera) const;
  LivePiece next_picture(int64_t camera, int64_t& version);

  AccessControl access_;
  Watch& watch_;
  DashboardState& board_;
  StatusSources surroundings_;
  double started_;  // in seconds since 1970
};

}  // namespace octet
