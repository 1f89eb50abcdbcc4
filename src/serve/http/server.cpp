#include "serve/http/server.h"

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "core/error.h"
#include "core/process.h"
#include "core/text/json_text.h"
#include "serve/http/access_control.h"
#include "serve/http/assets.h"
#include "serve/http/metrics.h"
#include "serve/http/settings.h"
#include "serve/http/workers.h"

namespace octet {
namespace {

using HttpRequest = httplib::Request;
using HttpResponse = httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr size_t kViewers = 128;
constexpr size_t kLargestBody = 4096;
constexpr int kPatienceSeconds = 5;
constexpr milliseconds kPicturePatience{1000};

void refuse(HttpResponse& response, const Refusal& refusal) {
  response.status = refusal.status;
  if (refusal.status == 401) response.set_header("WWW-Authenticate", "Basic realm=\"octet\"");
  response.set_content(dump_json(json{{"error", refusal.reason}}), "application/json");
}

json to_json(const MqttStatus& m) {
  return {{"connected", m.connected},
          {"delivered", m.delivered},
          {"waiting", m.waiting},
          {"lost", m.lost},
          {"error", m.error}};
}

json to_json(const ReloadStatus& r) {
  return {{"loaded", r.loaded}, {"times", r.times}, {"error", r.error}};
}

json to_json(const InputStatus& s) {
  json inputs = json::array();
  for (const Size size : s.sizes)
    inputs.push_back({{"width", size.width}, {"height", size.height}});
  return {{"inputs", std::move(inputs)}, {"input", s.now}};
}

json to_json(const CameraSummary& c) {
  json j = {{"id", c.id},
            {"name", c.name},
            {"state", camera_state_name(c.status.state)},
            {"width", c.status.size.width},
            {"height", c.status.size.height},
            {"frames", c.status.frames},
            {"detected", c.tally.detected},
            {"tracked", c.tally.tracked},
            {"still", c.tally.still},
            {"skipped_newer", c.tally.skipped_newer},
            {"skipped_old", c.tally.skipped_old},
            {"failed", c.tally.failed},
            {"openings", c.status.openings},
            {"age_ms_p50", c.tally.age.quantile_ms(0.5)},
            {"age_ms_p99", c.tally.age.quantile_ms(0.99)},
            {"error", c.status.error}};
  j.update(json(to_json(*c.regions, c.counts)));
  return j;
}

}  // namespace

struct Server::Parts {
  Parts(const ServerOptions& options, Watch& w, DashboardState& b, const StatusSources& s)
      : guard(options), watch(w), board(b), surroundings(s) {
    http.new_task_queue = [] { return new Workers(kViewers); };
    http.set_payload_max_length(kLargestBody);
    http.set_read_timeout(kPatienceSeconds);
    http.set_write_timeout(kPatienceSeconds);
    http.set_keep_alive_timeout(kPatienceSeconds);
    http.set_default_headers(
        {{"Content-Security-Policy",
          "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; "
          "form-action 'none'; base-uri 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"X-Frame-Options", "DENY"},
         {"Referrer-Policy", "no-referrer"},
         {"Cache-Control", "no-store"}});
    http.set_pre_routing_handler([this](const HttpRequest& request, HttpResponse& response) {
      const auto refusal =
          guard.check({.method = request.method,
                       .path = request.path,
                       .host = request.get_header_value("Host"),
                       .origin = request.get_header_value("Origin"),
                       .content_type = request.get_header_value("Content-Type"),
                       .authorization = request.get_header_value("Authorization")});
      if (!refusal) return httplib::Server::HandlerResponse::Unhandled;
      refuse(response, *refusal);
      return httplib::Server::HandlerResponse::Handled;
    });
    http.set_exception_handler(
        [](const HttpRequest&, HttpResponse& response, const std::exception_ptr&) {
          refuse(response, {500, "it failed inside"});
        });
    for (const Asset& asset : page_assets()) {
      http.Get(std::string(asset.path), [&asset](const HttpRequest&, HttpResponse& response) {
        response.set_content(asset.content.data(), asset.content.size(), std::string(asset.type));
      });
    }
    add_figures();
    add_pictures();
  }

  void add_figures() {
    const auto answer = [](HttpResponse& response, const json& j) {
      response.set_content(dump_json(j), "application/json");
    };
    http.Get("/api/state", [this, answer](const HttpRequest&, HttpResponse& response) {
      json j{{"settings", settings_of(watch)}, {"cameras", json::array()}};
      for (const CameraSummary& c : watch.cameras()) j["cameras"].push_back(to_json(c));
      const Machine m = machine();
      j["rss_mb"] = m.rss_mb;
      if (m.celsius) j["celsius"] = *m.celsius;
      j.update(to_json(watch.inputs()));
      if (const auto g = watch.governor())
        j["governor"] = {{"skip", g->skip}, {"reason", g->reason}};
      if (surroundings.mqtt) j["mqtt"] = to_json(surroundings.mqtt());
      if (surroundings.reload) j["configuration"] = to_json(surroundings.reload());
      answer(response, j);
    });
    http.Get("/api/results", [this, answer](const HttpRequest&, HttpResponse& response) {
      answer(response, board.newest());
    });
    http.Get("/api/history", [this, answer](const HttpRequest& request, HttpResponse& response) {
      const std::string since = request.get_param_value("since");
      answer(response, board.history(std::strtoll(since.c_str(), nullptr, 10)));
    });
    http.Post("/api/settings", [this, answer](const HttpRequest& request, HttpResponse& response) {
      const std::string wrong = change_settings(request.body, watch);
      if (!wrong.empty()) return refuse(response, {400, wrong});
      answer(response, settings_of(watch));
    });
    http.Get("/metrics", [this](const HttpRequest&, HttpResponse& response) {
      response.set_content(metrics_text(watch.cameras(), mqtt_status()),
                           "text/plain; version=0.0.4");
    });
    // Well as long as any camera is.
    http.Get("/healthz", [this](const HttpRequest&, HttpResponse& response) {
      const auto cameras = watch.cameras();
      const bool up = std::any_of(cameras.begin(), cameras.end(), [](const CameraSummary& c) {
        return c.status.state == CameraState::kUp;
      });
      response.status = up ? 200 : 503;
      response.set_content(up ? "ok\n" : "no camera is up\n", "text/plain");
    });
  }

  void add_pictures() {
    http.Get(R"(/camera/(\d{1,9})\.jpg)",
             [this](const HttpRequest& request, HttpResponse& response) {
               const int64_t camera = std::stoll(request.matches[1]);
               if (!exists(camera)) return refuse(response, {404, "there is no such camera"});
               const auto shot = board.wait_for_shot(camera, 0, kPicturePatience);
               if (!shot.part)
                 return refuse(response, {503, "the camera has given no picture yet"});
               const std::string_view jpeg = shot.jpeg();
               response.set_content(jpeg.data(), jpeg.size(), "image/jpeg");
             });
    http.Get(R"(/camera/(\d{1,9})\.mjpeg)",
             [this](const HttpRequest& request, HttpResponse& response) {
               const int64_t camera = std::stoll(request.matches[1]);
               if (!exists(camera)) return refuse(response, {404, "there is no such camera"});
               response.set_chunked_content_provider(
                   std::string("multipart/x-mixed-replace; boundary=") + DashboardState::kBoundary,
                   [this, camera, version = int64_t{0}](size_t, httplib::DataSink& sink) mutable {
                     return send_next(camera, version, sink);
                   });
             });
  }

  [[nodiscard]] bool exists(int64_t camera) const {
    const auto cameras = watch.cameras();
    return std::any_of(cameras.begin(), cameras.end(),
                       [&](const CameraSummary& c) { return c.id == camera; });
  }

  [[nodiscard]] std::optional<MqttStatus> mqtt_status() const {
    if (!surroundings.mqtt) return std::nullopt;
    return surroundings.mqtt();
  }

  // False when the viewer or the camera has gone, or the server ends.
  bool send_next(int64_t camera, int64_t& version, httplib::DataSink& sink) {
    const auto shot = board.wait_for_shot(camera, version, kPicturePatience);
    if (stopping) return false;
    if (!shot.part || shot.version == version) return sink.is_writable() && exists(camera);
    version = shot.version;
    return sink.write(shot.part->data(), shot.part->size());
  }

  AccessControl guard;
  Watch& watch;
  DashboardState& board;
  StatusSources surroundings;
  httplib::Server http;
  std::atomic<bool> stopping = false;
  int port = 0;
  std::jthread thread;
};

Server::Server(const ServerOptions& options, Watch& watch, DashboardState& board,
               const StatusSources& surroundings)
    : parts_(std::make_unique<Parts>(options, watch, board, surroundings)) {
  const Endpoint& at = parts_->guard.endpoint();
  parts_->port = at.port == 0 ? parts_->http.bind_to_any_port(at.host)
                 : parts_->http.bind_to_port(at.host, at.port) ? at.port
                                                               : -1;
  if (parts_->port < 0)
    fail("--http {}: cannot be listened on; is another program there?", options.address);
  parts_->thread = std::jthread([this] { parts_->http.listen_after_bind(); });
}

Server::~Server() {
  parts_->stopping = true;
  while (!parts_->http.is_running()) std::this_thread::sleep_for(milliseconds(1));
  parts_->http.stop();
}

int Server::port() const { return parts_->port; }

}  // namespace octet
