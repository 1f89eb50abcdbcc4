#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <thread>

#include "core/file.h"
#include "core/process.h"
#include "media/image/jpeg.h"
#include "serve/http/routes.h"
#include "serve/http/server.h"
#include "serve/http/test_client.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

using nlohmann::json;

const std::string kToken = "a-token-of-20-letters";

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
    runner_ = std::jthread([this] { (void)watch_->run(only(std::make_unique<Detector>(kTiny))); });
  }

  [[nodiscard]] TestReply get(const std::string& path, const TestHeaders& headers = {}) const {
    return TestClient(server_->port()).ask(request_text("GET", path, headers));
  }
  // To /api/settings.
  [[nodiscard]] TestReply post(const std::string& body, TestHeaders headers = {}) const {
    headers.emplace("Content-Type", "application/json");
    return TestClient(server_->port()).ask(request_text("POST", "/api/settings", headers, body));
  }

  const DetectorOptions kTiny{
      .model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt",
      .size = SizeOption{.size = {64, 64}},
      .source = Size{768, 432}};
  DashboardState board_;
  std::optional<Watch> watch_;
  std::optional<Server> server_;
  std::jthread runner_;
};

TEST_F(Page, ShowsAndControlsTheWatch) {
  start({.address = "127.0.0.1:0"});
  for (const char* path :
       {"/", "/page.js", "/page.css", "/chart.js", "/charts.js", "/openapi.yaml"}) {
    const TestReply answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_GT(answer.body.size(), 300U) << path;
    EXPECT_EQ(answer.headers.at("x-frame-options"), "DENY");
  }
  TestClient viewer(server_->port());
  ASSERT_TRUE(viewer.send(request_text("GET", "/camera/0.mjpeg")));
  std::string stream;
  while (stream.size() < 200'000) {
    const std::string more = viewer.receive();
    ASSERT_FALSE(more.empty()) << "the stream has no end";
    stream += more;
  }
  size_t parts = 0;
  for (size_t at = 0; (at = stream.find("--octet-picture", at)) != std::string::npos; ++at) ++parts;
  EXPECT_GE(parts, 3U);
  EXPECT_EQ(get("/camera/0.jpg").body.substr(0, 2), "\xff\xd8");
  EXPECT_EQ(get("/camera/7.jpg").status, 404);

  EXPECT_EQ(post(R"({"confidence": 0.5, "max_age_ms": 200, "skip": 2})").status, 200);
  EXPECT_EQ(watch_->controls().confidence, 0.5);
  EXPECT_EQ(watch_->controls().max_age_ms, 200);
  EXPECT_EQ(watch_->controls().skip, 2);
  for (const char* wrong :
       {R"({"confidence": 2})", R"({"confidence": "x"})", R"({"colour": 1})", R"({"skip": 1.5})",
        R"({"skip": "often"})", R"({"imgsz": 96})", "[", "", R"({"iou": 0.1, "confidence": -1})"}) {
    EXPECT_EQ(post(wrong).status, 400) << wrong;
  }
  EXPECT_EQ(post(R"({"conf": 0.6, "max-age-ms": 300})").status, 200) << "as in live.yaml";
  EXPECT_EQ(watch_->controls().confidence, 0.6F);
  EXPECT_EQ(watch_->controls().max_age_ms, 300);
  EXPECT_EQ(watch_->controls().iou, 0.7F) << "a body with one wrong setting changes nothing";

  const int side = longer_side(watch_->inputs().sizes.at(0));
  const json sized =
      json::parse(post(fmt::format(R"({{"imgsz": {}, "skip": "auto"}})", side)).body);
  EXPECT_EQ(sized["imgsz"], side);
  EXPECT_EQ(sized["skip"], "auto");

  const json state = json::parse(get("/api/state").body);
  EXPECT_EQ(state["inputs"].size(), 1U);
  EXPECT_EQ(state["cameras"][0]["name"], "clip");
  EXPECT_GT(state["cameras"][0]["detected"], 0);
  EXPECT_GT(state["rss_mb"], 1);
  EXPECT_EQ(state["model"], "v8.4.190-detect3.pt");
  EXPECT_FALSE(state["engine"].get<std::string>().empty());
  EXPECT_GT(state["started"], 1.6e9);
  EXPECT_GT(json::parse(get("/api/results").body)["clip"]["frame"], 0);
  EXPECT_THAT(get("/metrics").body, HasSubstr("octet_detected_total{camera=\"clip\"} "));
  EXPECT_EQ(get("/healthz").status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_GE(json::parse(get("/api/history").body)["fps"].size(), 1U);
}

TEST_F(Page, RefusesWhatItShould) {
  start({.address = "127.0.0.1:0", .token = kToken});
  EXPECT_EQ(get("/").status, 401);
  EXPECT_EQ(get("/api/state", {{"Authorization", "Bearer wrong"}}).status, 401);
  const TestHeaders in{{"Authorization", "Bearer " + kToken}};
  EXPECT_EQ(get("/", in).status, 200);
  for (const char* path : {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/camera/..%2f0.jpg",
                           "/camera/99999999999999999999.jpg", "/page.js/"})
    EXPECT_EQ(get(path, in).status, 404) << path;
  EXPECT_EQ(post(std::string(100'000, ' '), in).status, 413);
  TestHeaders cross = in, text = in;
  cross["Origin"] = "http://evil.example";
  text["Content-Type"] = "text/plain";
  EXPECT_EQ(post("{}", cross).status, 403);
  EXPECT_EQ(post("{}", text).status, 415);
  EXPECT_EQ(post("{}", in).status, 200);
  EXPECT_EQ(get("/" + std::string(20'000, 'x'), in).status, 414);
  const TestHeaders wrong{{"Authorization", "Bearer of a wrong token"}};
  for (int i = 0; i < AttemptLimiter::kInARow; ++i) (void)get("/", wrong);
  const TestReply limited = get("/", wrong);
  EXPECT_EQ(limited.status, 429);
  EXPECT_NE(limited.headers.at("retry-after"), "");
  EXPECT_THAT(get("/healthz").status, testing::AnyOf(200, 503)) << "it needs no token";
}

TEST_F(Page, AnErrorSaysWhatIsWrong) {
  start({.address = "127.0.0.1:0"});
  const auto ask = [&](const std::string& method, const std::string& path) {
    return TestClient(server_->port())
        .ask(request_text(method, path, {{"Content-Type", "application/json"}},
                          method == "POST" ? "{}" : ""));
  };
  struct Case {
    const char *method, *path;
    int status;
    const char* allow;
  };
  for (const auto& [method, path, status, allow] :
       {Case{"GET", "/nothing", 404, ""}, Case{"POST", "/nothing", 404, ""},
        Case{"GET", "/camera/7.jpg", 404, ""}, Case{"GET", "/api/settings", 405, "POST"},
        Case{"POST", "/api/state", 405, "GET, HEAD"}, Case{"POST", "/page.js", 405, "GET, HEAD"},
        Case{"POST", "/camera/0.jpg", 405, "GET, HEAD"}, Case{"PUT", "/metrics", 405, "GET, HEAD"},
        Case{"DELETE", "/nothing", 405, "GET, HEAD, POST"}}) {
    const TestReply reply = ask(method, path);
    EXPECT_EQ(reply.status, status) << method << path;
    const auto allowed = reply.headers.find("allow");
    EXPECT_EQ(allowed == reply.headers.end() ? "" : allowed->second, allow) << method << path;
    EXPECT_NE(json::parse(reply.body).at("error"), "") << method << path;
  }
}

TEST_F(Page, AnswersThisMachineOnly) {
  start({.address = "127.0.0.1:0"});
  for (const char* host : {"127.evil.com", "evil.example", "localhost.evil.com"})
    EXPECT_EQ(get("/api/state", {{"Host", host}}).status, 403) << host;
  EXPECT_EQ(post(R"({"confidence": 0.9})", {{"Host", "127.evil.com"}}).status, 403);
  EXPECT_EQ(get("/api/state", {{"Host", "localhost:1"}}).status, 200);
}

// What a camera showed last goes with it.
TEST_F(Page, ResultsAreThoseOfCamerasThatThereAre) {
  start({.address = "127.0.0.1:0"});
  const auto has = [&](const char* camera) {
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    while (!json::parse(get("/api/results").body).contains(camera)) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  };
  EXPECT_TRUE(has("clip"));
  watch_->change({.cameras = {{"other", OCTET_SOURCE_DIR "/samples/person.mp4"}},
                  .camera = {.realtime = true}});
  EXPECT_TRUE(has("other"));
  EXPECT_FALSE(json::parse(get("/api/results").body).contains("clip"));
}

// Grey frames of one camera, each of which is shown once.
class Shots : public testing::Test {
 protected:
  void show(int64_t frame, uint8_t grey) {
    Picture picture;
    picture.is_video = false;
    picture.image = {16, 16, std::vector<uint8_t>(3 * 16 * 16, grey)};
    board_.show(
        std::make_shared<const StreamResult>(StreamResult{.frame = frame, .class_names = names_}),
        picture);
  }
  // The answer to a request that came so long ago; -1: there is none yet.
  int grey(std::chrono::milliseconds ago = {}) {
    HttpRequest request{.method = "GET", .path = "/camera/0.jpg"};
    request.arrived = Clock::now() - ago;
    const auto answer = routes_.answer(request);
    if (!answer) return -1;
    EXPECT_EQ(answer->type, "image/jpeg");
    return decode_jpeg(std::as_bytes(std::span(answer->body)), "picture").rgb.at(0);
  }
  bool becomes(int wanted) {
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    while (std::abs(grey() - wanted) > 3) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  static void nobody_looks() { std::this_thread::sleep_for(std::chrono::milliseconds(3100)); }

  const std::shared_ptr<const std::vector<std::string>> names_ =
      std::make_shared<const std::vector<std::string>>();
  DashboardState board_;
  Watch watch_{std::vector<CameraSpec>{{"clip", OCTET_SOURCE_DIR "/samples/person.mp4"}},
               WatchOptions{}};
  Routes routes_{{.address = "127.0.0.1:0"}, watch_, board_, {}};
};

TEST_F(Shots, AnOldOneIsNotGivenWhereANewOneComes) {
  EXPECT_EQ(grey(), -1);
  show(1, 40);
  EXPECT_TRUE(becomes(40));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_NEAR(grey(), 40, 3) << "of the newest frame, however old that is";
  nobody_looks();
  show(2, 120);  // is not drawn
  EXPECT_EQ(grey(), -1);
  show(3, 200);
  EXPECT_TRUE(becomes(200));
}

TEST_F(Shots, AnOldOneIsGivenWhereNoneComes) {
  (void)grey();
  show(1, 40);
  EXPECT_TRUE(becomes(40));
  nobody_looks();
  show(2, 120);
  EXPECT_EQ(grey(), -1);
  EXPECT_NEAR(grey(std::chrono::milliseconds(1500)), 40, 3);
}

// Names come from outside: as keys of a plain object some of them would be found in every object.
TEST(PageScript, KeepsNamesInMaps) {
  const std::string script = read_text_file(OCTET_SOURCE_DIR "/src/serve/http/page/page.js");
  EXPECT_EQ(script.find("= {};"), std::string::npos);
  EXPECT_EQ(script.find("results["), std::string::npos);
}

TEST_F(Page, AnAddressThatIsNotOursIsSaid) {
  start({.address = "127.0.0.1:0"});
  const ServerOptions foreign{.address = "192.0.2.1:80", .open = true};
  EXPECT_THAT(error_of([&] { Server(foreign, *watch_, board_); }), HasSubstr("192.0.2.1:80"));
  const ServerOptions half{.address = "127.0.0.1:0", .certificate = "box.pem"};
  EXPECT_EQ(error_of([&] { Server(half, *watch_, board_); }),
            "--http-cert: --http-key FILE belongs beside it");
}

}  // namespace
}  // namespace octet
