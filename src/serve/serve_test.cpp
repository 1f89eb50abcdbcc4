#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <nlohmann/json.hpp>

#include "core/process.h"
#include "serve/http/access_control.h"
#include "serve/http/server.h"
#include "serve/http/workers.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

using nlohmann::json;

const std::string kToken = "a-token-of-20-letters";

TEST(Endpoint, Parses) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8080").port, 8080);
  EXPECT_EQ(parse_endpoint(":80").host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("localhost:80").host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("[::1]:80").host, "::1");
  for (const char* wrong : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
                            "127.0.0.1:-1", "example.org:80", "127.0.0.1:80 "})
    EXPECT_THAT(error_of([&] { (void)parse_endpoint(wrong); }), HasSubstr("127.0.0.1:8080"))
        << wrong;
}

TEST(AccessControl, OtherMachinesNeedATokenOrAnOpenDoor) {
  EXPECT_THAT(error_of([] { AccessControl({.address = "0.0.0.0:80"}); }),
              HasSubstr("--http-token"));
  EXPECT_EQ(error_of([] { AccessControl({.address = "0.0.0.0:80", .open = true}); }), "");
  EXPECT_EQ(error_of([] { AccessControl({.address = "0.0.0.0:80", .token = kToken}); }), "");
  EXPECT_THAT(error_of([] { AccessControl({.address = "0.0.0.0:80", .token = "short"}); }),
              HasSubstr("16"));
}

int status_of(const AccessControl& guard, const RequestInfo& asked) {
  const auto refusal = guard.check(asked);
  return refusal ? refusal->status : 200;
}

TEST(AccessControl, TellsWhoMayIn) {
  const AccessControl local({.address = "127.0.0.1:80"});
  EXPECT_EQ(status_of(local, {"GET", "/", "127.0.0.1:80", "", "", ""}), 200);
  EXPECT_EQ(status_of(local, {"GET", "/", "[::1]:80", "", "", ""}), 200);
  EXPECT_EQ(status_of(local, {"GET", "/", "evil.example", "", "", ""}), 403);  // DNS rebinding
  EXPECT_EQ(status_of(local, {"GET", "/", "", "", "", ""}), 403);
  EXPECT_EQ(status_of(local, {"DELETE", "/", "127.0.0.1", "", "", ""}), 405);
  const RequestInfo post{
      "POST", "/api/settings", "127.0.0.1:80", "http://127.0.0.1:80", "application/json", ""};
  EXPECT_EQ(status_of(local, post), 200);
  RequestInfo other = post;
  other.origin = "http://evil.example";
  EXPECT_EQ(status_of(local, other), 403);
  other.origin = "null";
  EXPECT_EQ(status_of(local, other), 403);
  other = post;
  other.content_type = "text/plain";
  EXPECT_EQ(status_of(local, other), 415);

  const AccessControl wide({.address = "0.0.0.0:80", .token = kToken});
  const auto with = [&](const std::string& authorization) {
    return status_of(wide, {"GET", "/", "box.example", "", "", authorization});
  };
  EXPECT_EQ(with(""), 401);
  EXPECT_EQ(with("Bearer " + kToken), 200);
  EXPECT_EQ(with("Bearer " + kToken + "x"), 401);
  EXPECT_EQ(with("Bearer "), 401);
  EXPECT_EQ(with(httplib::make_basic_authentication_header("any", kToken).second), 200);
  EXPECT_EQ(with("Basic YWJj"), 401);
  EXPECT_EQ(with("Basic ???"), 401);
  EXPECT_EQ(status_of(wide, {"GET", "/healthz", "box.example", "", "", ""}), 200);
}

TEST(Workers, WhoComesWhenAllAreTakenWaitsOutside) {
  constexpr int kRequests = 20;
  Workers workers(4);
  std::atomic<int> let_in = 0, begun = 0, answered = 0;
  std::atomic<bool> go_on = false;
  std::jthread listener([&] {
    for (int i = 0; i < kRequests; ++i) {
      workers.enqueue([&] {
        ++begun;
        go_on.wait(false);
        ++answered;
      });
      ++let_in;
    }
  });
  while (begun < 4) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(begun, 4);
  EXPECT_EQ(let_in, 5) << "one waits inside, the others where they cost nothing";
  go_on = true;
  go_on.notify_all();
  listener.join();
  workers.shutdown();
  EXPECT_EQ(answered, kRequests) << "who was let in is answered";
}

// A clip that is watched, with its page.
class Page : public testing::Test {
 protected:
  ~Page() override {
    if (watch_) watch_->stop();
  }
  void start(const ServerOptions& options) {
    WatchOptions watch_options;
    watch_options.camera.realtime = true;
    watch_options.on_result = [this](const SharedResult& r, const Picture& p) {
      board_.show(r, p);
    };
    watch_.emplace(std::vector<CameraSpec>{{"clip", OCTET_SOURCE_DIR "/samples/person.mp4"}},
                   watch_options);
    server_.emplace(options, *watch_, board_);
    client_.emplace("127.0.0.1", server_->port());
    runner_ = std::jthread([this] { (void)watch_->run(only(std::make_unique<Detector>(kTiny))); });
  }

  const DetectorOptions kTiny{
      .model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt",
      .size = SizeOption{.size = {64, 64}},
      .source = Size{768, 432}};
  DashboardState board_;
  std::optional<Watch> watch_;
  std::optional<Server> server_;
  std::optional<httplib::Client> client_;
  std::jthread runner_;
};

TEST_F(Page, ShowsAndControlsTheWatch) {
  start({.address = "127.0.0.1:0"});
  for (const char* path :
       {"/", "/page.js", "/page.css", "/dygraph.js", "/dygraph.css", "/openapi.yaml"}) {
    const auto answer = client_->Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200) << path;
    EXPECT_GT(answer->body.size(), 300U) << path;
    EXPECT_EQ(answer->get_header_value("X-Frame-Options"), "DENY");
  }
  std::vector<std::string> pictures;
  std::string stream;
  const auto streamed = client_->Get("/camera/0.mjpeg", [&](const char* data, size_t size) {
    stream.append(data, size);
    return stream.size() < 200'000;
  });
  EXPECT_FALSE(streamed) << "the stream has no end";
  size_t parts = 0;
  for (size_t at = 0; (at = stream.find("--octet-picture", at)) != std::string::npos; ++at) ++parts;
  EXPECT_GE(parts, 3U);
  const auto picture = client_->Get("/camera/0.jpg");
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->body.substr(0, 2), "\xff\xd8");
  EXPECT_EQ(client_->Get("/camera/7.jpg")->status, 404);

  const auto changed = client_->Post(
      "/api/settings", R"({"confidence": 0.5, "max_age_ms": 200, "skip": 2})", "application/json");
  EXPECT_EQ(changed->status, 200);
  EXPECT_EQ(watch_->controls().confidence, 0.5);
  EXPECT_EQ(watch_->controls().max_age_ms, 200);
  EXPECT_EQ(watch_->controls().skip, 2);
  for (const char* wrong :
       {R"({"confidence": 2})", R"({"confidence": "x"})", R"({"colour": 1})", R"({"skip": 1.5})",
        R"({"skip": "often"})", R"({"imgsz": 96})", "[", "", R"({"iou": 0.1, "confidence": -1})"}) {
    EXPECT_EQ(client_->Post("/api/settings", wrong, "application/json")->status, 400) << wrong;
  }
  EXPECT_EQ(watch_->controls().iou, 0.7F) << "a body with one wrong setting changes nothing";

  const int side = longer_side(watch_->inputs().sizes.at(0));
  const auto sized = client_->Post(
      "/api/settings", fmt::format(R"({{"imgsz": {}, "skip": "auto"}})", side), "application/json");
  EXPECT_EQ(json::parse(sized->body)["imgsz"], side);
  EXPECT_EQ(json::parse(sized->body)["skip"], "auto");

  const json state = json::parse(client_->Get("/api/state")->body);
  EXPECT_EQ(state["inputs"].size(), 1U);
  EXPECT_EQ(state["cameras"][0]["name"], "clip");
  EXPECT_GT(state["cameras"][0]["detected"], 0);
  EXPECT_GT(state["rss_mb"], 1);
  EXPECT_GT(json::parse(client_->Get("/api/results")->body)["clip"]["frame"], 0);
  const auto metrics = client_->Get("/metrics");
  EXPECT_THAT(metrics->body, HasSubstr("octet_detected_total{camera=\"clip\"} "));
  EXPECT_EQ(client_->Get("/healthz")->status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_GE(json::parse(client_->Get("/api/history")->body)["fps"].size(), 1U);
}

TEST_F(Page, RefusesWhatItShould) {
  start({.address = "127.0.0.1:0", .token = kToken});
  EXPECT_EQ(client_->Get("/")->status, 401);
  EXPECT_EQ(client_->Get("/api/state", {{"Authorization", "Bearer wrong"}})->status, 401);
  const httplib::Headers in{{"Authorization", "Bearer " + kToken}};
  EXPECT_EQ(client_->Get("/", in)->status, 200);
  for (const char* path : {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/camera/..%2f0.jpg",
                           "/camera/99999999999999999999.jpg", "/page.js/"})
    EXPECT_EQ(client_->Get(path, in)->status, 404) << path;
  const std::string large(100'000, ' ');
  const auto answer = client_->Post("/api/settings", in, large, "application/json");
  if (answer) {  // or the connection was closed
    EXPECT_EQ(answer->status, 413);
  }
  auto cross = in;
  cross.emplace("Origin", "http://evil.example");
  EXPECT_EQ(client_->Post("/api/settings", cross, "{}", "application/json")->status, 403);
  EXPECT_EQ(client_->Post("/api/settings", in, "{}", "text/plain")->status, 415);
  EXPECT_EQ(client_->Get("/" + std::string(20'000, 'x'), in)->status, 414);
}

TEST_F(Page, AnAddressThatIsNotOursIsSaid) {
  start({.address = "127.0.0.1:0"});
  const ServerOptions foreign{.address = "192.0.2.1:80", .open = true};
  EXPECT_THAT(error_of([&] { Server(foreign, *watch_, board_); }), HasSubstr("192.0.2.1:80"));
}

}  // namespace
}  // namespace octet
