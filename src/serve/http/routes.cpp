#include "serve/http/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/text/json_text.h"
#include "serve/http/assets.h"
#include "serve/http/metrics.h"
#include "serve/http/settings.h"

namespace octet {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPicturePatience{1000};
constexpr std::chrono::milliseconds kFresh{100};  // ten pictures a second are drawn at most

// A name that is no UTF-8 is shown with what of it is.
HttpAnswer json_answer(const json& j) { return text_answer(dump_json(j), "application/json"); }

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
  return {{"inputs", std::move(inputs)},
          {"input", s.now},
          {"model", s.model},
          {"engine", s.network.engine},
          {"precision", s.network.precision}};
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

struct CameraPath {
  int64_t camera = 0;
  bool stream = false;
};

// "/camera/7.jpg" and "/camera/7.mjpeg".
std::optional<CameraPath> parse_camera_path(std::string_view path) {
  constexpr std::string_view kFolder = "/camera/";
  constexpr size_t kMostDigits = 9;
  if (!path.starts_with(kFolder)) return std::nullopt;
  path.remove_prefix(kFolder.size());
  const size_t dot = path.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot > kMostDigits) return std::nullopt;
  CameraPath out{.camera = 0, .stream = path.substr(dot) == ".mjpeg"};
  if (!out.stream && path.substr(dot) != ".jpg") return std::nullopt;
  const char* end = path.begin() + dot;
  const auto [stopped, error] = std::from_chars(path.begin(), end, out.camera);
  if (error != std::errc{} || stopped != end || path[0] == '-') return std::nullopt;
  return out;
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Routes::Routes(const ServerOptions& options, Watch& watch, DashboardState& board,
               const StatusSources& surroundings)
    : access_(options),
      watch_(watch),
      board_(board),
      surroundings_(surroundings),
      started_(seconds_since_1970()) {}

std::optional<HttpAnswer> Routes::refuse(const HttpRequest& request) {
  const auto refusal = access_.check({.method = request.method,
                                      .path = request.path,
                                      .host = request.host,
                                      .origin = request.origin,
                                      .content_type = request.content_type,
                                      .authorization = request.authorization,
                                      .from = request.from},
                                     request.arrived);
  if (!refusal) return std::nullopt;
  HttpAnswer answer = error_answer(refusal->status, refusal->reason);
  if (refusal->status == 405) {
    const std::string_view methods = methods_of(request.path);
    answer.headers.emplace_back("Allow", methods.empty() ? "GET, HEAD, POST" : methods);
  }
  if (refusal->status == 401)
    answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"octet\"");
  if (refusal->retry_after.count() > 0)
    answer.headers.emplace_back("Retry-After", std::to_string(refusal->retry_after.count()));
  return answer;
}

struct Routes::Row {
  std::string_view method, path;
  HttpAnswer (Routes::*answer)(const HttpRequest&);
};

std::span<const Routes::Row> Routes::rows() {
  static constexpr Row kRows[] = {
      {"GET", "/api/state", &Routes::state},     {"GET", "/api/results", &Routes::results},
      {"GET", "/api/history", &Routes::history}, {"POST", "/api/settings", &Routes::change},
      {"GET", "/metrics", &Routes::metrics},     {"GET", "/healthz", &Routes::health}};
  return kRows;
}

// As the header Allow names them; empty: there is no such path.
std::string_view Routes::methods_of(const std::string& path) {
  constexpr std::string_view kToRead = "GET, HEAD";
  for (const Row& row : rows()) {
    if (row.path == path) return row.method == "GET" ? kToRead : row.method;
  }
  for (const Asset& asset : page_assets()) {
    if (asset.path == path) return kToRead;
  }
  return parse_camera_path(path) ? kToRead : "";
}

std::optional<HttpAnswer> Routes::answer(const HttpRequest& request) {
  const std::string_view asked = request.method;
  const std::string_view method = asked == "HEAD" ? std::string_view("GET") : asked;
  for (const Row& row : rows()) {
    if (row.path == request.path && row.method == method) return (this->*row.answer)(request);
  }
  if (method == "GET") {
    for (const Asset& asset : page_assets()) {
      if (asset.path == request.path)
        return HttpAnswer{.type = std::string(asset.type), .body = asset.content};
    }
    if (const auto at = parse_camera_path(request.path)) {
      if (!exists(at->camera)) return error_answer(404, "there is no such camera");
      if (at->stream) return stream(at->camera);
      return picture(at->camera, request);
    }
  }
  const std::string_view methods = methods_of(request.path);
  if (methods.empty()) return error_answer(404, "there is no such path");
  HttpAnswer answer = error_answer(405, fmt::format("only {} is answered here", methods));
  answer.headers.emplace_back("Allow", methods);
  return answer;
}

HttpAnswer Routes::state(const HttpRequest&) {
  json j{{"settings", settings_of(watch_)}, {"cameras", json::array()}};
  const SiteChanges changes = surroundings_.sites ? surroundings_.sites() : SiteChanges{};
  for (const CameraSummary& c : watch_.cameras()) {
    j["cameras"].push_back(to_json(c));
    if (const auto at = changes.find(c.name); at != changes.end())
      j["cameras"].back()["changes"] = at->second;
  }
  const Machine m = machine();
  j["rss_mb"] = m.rss_mb;
  if (m.celsius) j["celsius"] = *m.celsius;
  j.update(to_json(watch_.inputs()));
  j["version"] = OCTET_VERSION;
  j["started"] = started_;
  if (const auto g = watch_.governor()) j["governor"] = {{"skip", g->skip}, {"reason", g->reason}};
  if (const auto pose = watch_.pose()) j["pose"] = to_json(*pose);
  if (surroundings_.mqtt) j["mqtt"] = to_json(surroundings_.mqtt());
  if (surroundings_.reload) j["configuration"] = to_json(surroundings_.reload());
  return json_answer(j);
}

HttpAnswer Routes::results(const HttpRequest&) {
  return json_answer(board_.newest(watch_.cameras()));
}

HttpAnswer Routes::history(const HttpRequest& request) {
  return json_answer(board_.history(std::strtoll(request.since.c_str(), nullptr, 10)));
}

HttpAnswer Routes::change(const HttpRequest& request) {
  const std::string wrong = change_settings(request.body, watch_);
  if (!wrong.empty()) return error_answer(400, wrong);
  return json_answer(settings_of(watch_));
}

HttpAnswer Routes::metrics(const HttpRequest&) {
  std::optional<MqttStatus> mqtt;
  if (surroundings_.mqtt) mqtt = surroundings_.mqtt();
  const SiteChanges changes = surroundings_.sites ? surroundings_.sites() : SiteChanges{};
  return text_answer(metrics_text(watch_.cameras(), mqtt, changes, watch_.pose()),
                     "text/plain; version=0.0.4");
}

// Well as long as any camera is.
HttpAnswer Routes::health(const HttpRequest&) {
  const auto cameras = watch_.cameras();
  const bool up = std::any_of(cameras.begin(), cameras.end(), [](const CameraSummary& c) {
    return c.status.state == CameraState::kUp;
  });
  return text_answer(up ? "ok\n" : "no camera is up\n", "text/plain", up ? 200 : 503);
}

// While nobody looks nothing is drawn: a shot from before the request may be old, and the next one
// is waited for. Where none comes, the old one is the newest that there is.
std::optional<HttpAnswer> Routes::picture(int64_t camera, const HttpRequest& request) {
  const DashboardState::Shot shot = board_.newest_shot(camera);
  const bool is_new = shot.part && (shot.is_newest || shot.taken >= request.arrived - kFresh);
  const bool waits = std::chrono::steady_clock::now() - request.arrived < kPicturePatience;
  if (!is_new && waits) return std::nullopt;
  if (!shot.part) return error_answer(503, "the camera has given no image yet");
  HttpAnswer answer{.type = "image/jpeg", .body = shot.jpeg()};
  answer.owner = shot.part;
  return answer;
}

HttpAnswer Routes::stream(int64_t camera) {
  HttpAnswer answer{.type = std::string("multipart/x-mixed-replace; boundary=") +
                            DashboardState::kBoundary};
  answer.live = [this, camera, version = int64_t{0}]() mutable {
    return next_picture(camera, version);
  };
  return answer;
}

bool Routes::exists(int64_t camera) const {
  const auto cameras = watch_.cameras();
  return std::any_of(cameras.begin(), cameras.end(),
                     [&](const CameraSummary& c) { return c.id == camera; });
}

LivePiece Routes::next_picture(int64_t camera, int64_t& version) {
  const DashboardState::Shot shot = board_.newest_shot(camera);
  if (!shot.part || shot.version == version) return {.bytes = {}, .ended = !exists(camera)};
  version = shot.version;
  return {.bytes = shot.part, .ended = false};
}

}  // namespace octet
