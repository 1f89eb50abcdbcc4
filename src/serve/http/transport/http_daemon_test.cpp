// What hostile clients do to the server: each is bounded in number and time, and the process stays
// small and goes on answering.
#include "serve/http/transport/http_daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/error.h"
#include "core/mutex.h"
#include "core/process.h"
#include "serve/http/test_client.h"
#include "testing/testing.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr double kMostMb = 64;  // that hostile clients may cost
constexpr seconds kSoon{4};     // before the slow ones run out of time and make room themselves

const std::string kLargeText(1'000'000, 'x');

class FakeHandler : public HttpHandler {
 public:
  std::optional<HttpAnswer> refuse(const HttpRequest& request) override {
    if (request.path != "/refused") return std::nullopt;
    return error_answer(403, "refused");
  }
  std::optional<HttpAnswer> answer(const HttpRequest& request) override {
    ++asked;
    if (request.path == "/never") return std::nullopt;
    if (request.path == "/later") {
      if (!ready) return std::nullopt;
      return text_answer("later", "text/plain");
    }
    if (request.path == "/throws") fail("the inside of it");
    if (request.path == "/large") return HttpAnswer{.type = "text/plain", .body = kLargeText};
    if (request.path == "/stream") {
      HttpAnswer answer{.type = "text/plain"};
      answer.live = [this] { return LivePiece{.bytes = picture_, .ended = false}; };
      return answer;
    }
    return text_answer(request.method + " " + request.path + " " + request.body, "text/plain");
  }
  std::atomic<int> asked = 0;
  std::atomic<bool> ready = false;

 private:
  std::shared_ptr<const std::string> picture_ = std::make_shared<std::string>(100'000, 'p');
};

// On any free port of this machine.
HttpDaemonOptions options_with(const HttpLimits& limits) {
  HttpDaemonOptions options;
  options.endpoint.host = "127.0.0.1";
  options.limits = limits;
  return options;
}

class Daemon : public testing::Test {
 protected:
  void start(const HttpLimits& limits = {}) {
    daemon_.emplace(options_with(limits), handler_);
    before_mb_ = resident_mb();
  }
  [[nodiscard]] TestClient connect() const { return TestClient(daemon_->port()); }
  [[nodiscard]] TestReply ask(const std::string& request) const { return connect().ask(request); }

  // The slowest of several answers while others are hostile.
  [[nodiscard]] milliseconds slowest_answer() const {
    milliseconds slowest{0};
    for (int i = 0; i < 20; ++i) {
      const auto began = Clock::now();
      EXPECT_EQ(ask(request_text("GET", "/healthz")).status, 200) << i;
      slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(Clock::now() - began));
    }
    return slowest;
  }
  void expect_small() const { EXPECT_LT(resident_mb() - before_mb_, kMostMb); }
  void expect_quick_end() {
    const auto began = Clock::now();
    daemon_.reset();
    EXPECT_LT(Clock::now() - began, seconds(2));
  }

  FakeHandler handler_;
  std::optional<HttpDaemon> daemon_;
  double before_mb_ = 0;
};

TEST_F(Daemon, AnswersOnOneConnectionAgainAndAgain) {
  start();
  TestClient client = connect();
  EXPECT_EQ(client.ask(request_text("GET", "/a")).body, "GET /a ");
  EXPECT_EQ(client.ask(request_text("POST", "/b%2fc?since=1", {}, "body")).body, "POST /b/c body");
  const TestReply failed = client.ask(request_text("GET", "/throws"));
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, R"({"error":"it failed inside"})");
  EXPECT_EQ(client.ask(request_text("GET", "/refused")).status, 403);
  EXPECT_EQ(client.ask(request_text("GET", "/a")).status, 200);
}

TEST_F(Daemon, AnAnswerThatIsNotThereYetIsSentWhenItIs) {
  start();
  TestClient client = connect();
  ASSERT_TRUE(client.send(request_text("GET", "/later")));
  while (handler_.asked == 0) std::this_thread::yield();
  EXPECT_EQ(ask(request_text("GET", "/other")).status, 200) << "nobody else waits for it";
  handler_.asked = 0;
  const auto began = Clock::now();
  while (handler_.asked < 10 && Clock::now() - began < seconds(5)) {
    daemon_->wake();
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_GE(handler_.asked, 10) << "more often than the server looks by itself";
  handler_.ready = true;
  EXPECT_EQ(client.read_reply().body, "later") << "and it does look by itself";
}

TEST_F(Daemon, ATextIsCompressedForWhoTakesIt) {
  start();
  const TestReply whole = ask(request_text("GET", "/large"));
  EXPECT_EQ(whole.body, kLargeText);
  const TestReply small = ask(request_text("GET", "/large", {{"Accept-Encoding", "br, gzip"}}));
  EXPECT_EQ(small.headers.at("content-encoding"), "gzip");
  EXPECT_LT(small.body.size(), 10'000U);
  EXPECT_FALSE(ask(request_text("GET", "/a", {{"Accept-Encoding", "gzip"}}))
                   .headers.contains("content-encoding"))
      << "too short to be worth it";
}

// What has no end is ended, and what is kept of it is little.
TEST_F(Daemon, EndlessRequestsAreEnded) {
  start();
  struct Endless {
    std::string begin, again;
    int status;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string line(1000, 'a');
  const Endless all[] = {
      {"GET /", line, 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: ", line, 431},
      {"GET / HTTP/1.1\r\nHost: a\r\n", "X: " + line + "\r\n", 431},
      {"GET / HTTP/1.1\r\nHost: a\r\n", "A:b\r\n", 431},
      {"GET /?", "a=b&", 414},
      {post + "Content-Length: 99999999999\r\n\r\n", line, 413},
      {post + "Content-Length: 99999999999999999999999\r\n\r\n", line, 413},
      {post + "Transfer-Encoding: chunked\r\n\r\n", "3e8\r\n" + line + "\r\n", 411},
      {post + "Transfer-Encoding: chunked\r\n\r\n", line, 411},
      {post + "Transfer-Encoding: chunked\r\n\r\n1;x=", line, 411},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: " + line + "\r\n", 411},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", line, 411}};
  for (const Endless& endless : all) {
    TestClient client = connect();
    bool open = client.send(endless.begin);
    for (size_t sent = 0; open && sent < 20'000'000; sent += endless.again.size())
      open = client.send(endless.again);
    EXPECT_FALSE(open) << endless.begin << ": 20 MB were taken";
    const std::string answer = client.receive_all();
    if (!answer.empty()) {  // else the system threw it away with the connection
      EXPECT_EQ(answer.substr(9, 3), std::to_string(endless.status)) << endless.begin;
    }
  }
  EXPECT_EQ(handler_.asked, 0);
  expect_small();
  expect_quick_end();
}

TEST_F(Daemon, CompressedBodiesAreNotUnpacked) {
  start();
  const std::string bomb(1188, '\x5b');
  for (const char* coding : {"br", "gzip", "deflate", "gzip, br"}) {
    const TestReply reply = ask(request_text("POST", "/", {{"Content-Encoding", coding}}, bomb));
    EXPECT_EQ(reply.status, 415) << coding;
    EXPECT_EQ(reply.headers.at("connection"), "close");
  }
  EXPECT_EQ(ask(request_text("POST", "/", {{"Content-Encoding", "identity"}}, "x")).status, 200);
  EXPECT_EQ(handler_.asked, 1);
  expect_small();
}

TEST_F(Daemon, ABodyIsNeverTakenForTheNextRequest) {
  start();
  const std::string hidden = request_text("GET", "/hidden");
  const std::string length = fmt::format("Content-Length: {}\r\n\r\n", hidden.size());
  const std::string head = " HTTP/1.1\r\nHost: a\r\n";
  // Read and dropped, and the connection goes on with what follows.
  for (const char* begin : {"GET /first", "GET /refused", "POST /refused", "DELETE /refused"}) {
    TestClient client = connect();
    ASSERT_TRUE(client.send(begin + head + length + hidden + request_text("GET", "/second")));
    (void)client.read_reply();
    EXPECT_EQ(client.read_reply().body, "GET /second ") << begin;
  }
  // What cannot be read to its end is the connection's last.
  for (const std::string& begin :
       {"POST /" + head + "Content-Length: 99999\r\n\r\n",
        "GET /" + head + "Content-Length: 99999\r\n\r\n",
        "GET /" + head + "Transfer-Encoding: chunked\r\n\r\n",
        "POST /" + head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "POST /" + head + "Content-Length: 3\r\nContent-Length: 300\r\n\r\n",
        "POST /" + head + "Content-Length : 300\r\n\r\n",
        "POST /" + head + "Content-Length: -1\r\n\r\n",
        "POST /" + head + "Content-Encoding: br\r\n" + length}) {
    TestClient client = connect();
    ASSERT_TRUE(client.send(begin + hidden));
    const std::string all = client.receive_all();
    EXPECT_EQ(all.substr(9, 1), "4") << begin;
    EXPECT_THAT(all, testing::Not(HasSubstr("/hidden"))) << begin;
  }
}

TEST_F(Daemon, RequestsInOnePieceAreAllAnswered) {
  start();
  TestClient client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 == 0 ? request_text("GET", fmt::format("/{}", i))
                      : request_text("POST", fmt::format("/{}", i), {}, "body");
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_reply().body,
              i % 2 == 0 ? fmt::format("GET /{} ", i) : fmt::format("POST /{} body", i));
  }
}

TEST_F(Daemon, RangesCostNoMoreThanTheWhole) {
  start();
  std::string many = "bytes=0-";
  for (int i = 0; i < 1000; ++i) many += ",0-";
  std::vector<TestClient> flood;
  for (int i = 0; i < 100; ++i) {
    flood.push_back(connect());
    EXPECT_TRUE(flood.back().send(request_text("GET", "/large", {{"Range", many}})));
  }
  std::this_thread::sleep_for(milliseconds(300));
  expect_small();
  EXPECT_LT(slowest_answer(), kSoon);
  flood.clear();
  EXPECT_EQ(ask(request_text("GET", "/large", {{"Range", many}})).status, 200);
  const TestReply one = ask(request_text("GET", "/large", {{"Range", "bytes=5-9"}}));
  EXPECT_EQ(one.status, 206);
  EXPECT_EQ(one.body, "xxxxx");
  EXPECT_EQ(one.headers.at("content-range"), "bytes 5-9/1000000");
  const TestReply behind = ask(request_text("GET", "/large", {{"Range", "bytes=1000000-"}}));
  EXPECT_EQ(behind.status, 416);
  EXPECT_EQ(behind.body, R"({"error":"the range begins behind the end"})");
}

TEST_F(Daemon, SlowClientsLeaveRoomForOthers) {
  start();
  std::vector<TestClient> slow;
  for (const char* begin : {"", "GET / HTTP/1.1\r\nHo", "GET /never HTTP/1.1\r\nHost: a\r\n\r\n",
                            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
                            "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    for (int i = 0; i < 100; ++i) {
      slow.push_back(connect());
      (void)slow.back().send(begin);
    }
    EXPECT_LT(slowest_answer(), kSoon) << begin;
  }
  expect_small();
  expect_quick_end();
}

TEST_F(Daemon, WhoDripsIsDropped) {
  start({.silence = seconds(2), .step = seconds(1)});
  for (const char* begin :
       {"GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n"}) {
    TestClient client = connect();
    const auto began = Clock::now();
    bool open = client.send(begin);
    while (open && Clock::now() - began < seconds(10)) {
      open = client.send("x");
      std::this_thread::sleep_for(milliseconds(50));
    }
    EXPECT_LT(Clock::now() - began, seconds(5)) << begin;
  }
}

TEST_F(Daemon, ASlowViewerHoldsUpNobodyAndIsDropped) {
  start({.streams = 2, .silence = seconds(1)});
  TestClient slow = connect(), quick = connect();
  ASSERT_TRUE(slow.send(request_text("GET", "/stream")));
  ASSERT_TRUE(quick.send(request_text("GET", "/stream")));
  const auto began = Clock::now();
  size_t received = 0;
  while (Clock::now() - began < seconds(4)) {
    const std::string more = quick.receive();
    ASSERT_FALSE(more.empty());
    received += more.size();
    if (received > 50'000'000) std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_GT(received, 1'000'000U);
  const std::string kept = slow.receive_all();
  EXPECT_LT(kept.size(), 20'000'000U) << "what the system keeps, and then the end";
  TestClient another = connect();
  ASSERT_TRUE(another.send(request_text("GET", "/stream")));
  EXPECT_THAT(another.receive(), HasSubstr("200 OK")) << "the place of the one that was dropped";
  EXPECT_EQ(ask(request_text("GET", "/stream")).status, 503);
  expect_small();
  expect_quick_end();
}

TEST_F(Daemon, EndsWhateverClientsDo) {
  start();
  std::vector<TestClient> held;
  for (const char* path : {"/stream", "/never", "/large", "/later"}) {
    for (int i = 0; i < 5; ++i) {
      held.push_back(connect());
      ASSERT_TRUE(held.back().send(request_text("GET", path)));
    }
  }
  held.push_back(connect());
  ASSERT_TRUE(held.back().send("GET / HTTP"));
  std::this_thread::sleep_for(milliseconds(200));
  expect_quick_end();
}

TEST_F(Daemon, AnAddressThatIsTakenIsSaid) {
  start();
  HttpDaemonOptions same = options_with({});
  same.endpoint.port = daemon_->port();
  EXPECT_THAT(
      error_of([&] { HttpDaemon(same, handler_); }),
      HasSubstr("Address already in use; another program, such as another octet, has this port"));
}

class Tls : public Daemon {
 protected:
  void SetUp() override {
    const std::string command = fmt::format(
        "cd {} && for n in a b; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        "-nodes -keyout $n.key -out $n.pem -subj /CN=localhost -days 2 2>/dev/null || exit 1; done",
        folder_.path().string());
    ASSERT_EQ(run_program({"sh", "-c", command}).status, 0);
  }
  TemporaryFolder folder_;
};

TEST_F(Tls, AnswersWithItsCertificate) {
  HttpDaemonOptions options = options_with({});
  options.tls = read_tls_identity(folder_ / "a.pem", folder_ / "a.key");
  daemon_.emplace(options, handler_);
  const auto with = [&](const std::string& flags) {
    return run_program(
        {"sh", "-c",
         fmt::format(
             "printf 'GET /safe HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | "
             "timeout 10 openssl s_client -quiet -verify_return_error -connect "
             "127.0.0.1:{} {} 2>/dev/null",
             daemon_->port(), flags)});
  };
  const std::string trusted = "-CAfile " + (folder_ / "a.pem").string();
  EXPECT_THAT(with(trusted).out, HasSubstr("GET /safe"));
  EXPECT_THAT(with(trusted + " -tls1_2").out, HasSubstr("GET /safe"));
  EXPECT_EQ(with(trusted + " -tls1_1").out, "");
  EXPECT_EQ(with("-CAfile " + (folder_ / "b.pem").string()).out, "");
  TestClient plain = connect(), half = connect();
  ASSERT_TRUE(plain.send(request_text("GET", "/")));
  EXPECT_THAT(plain.receive_all(), testing::Not(HasSubstr("200")));
  ASSERT_TRUE(half.send("\x16\x03\x01"));
  EXPECT_THAT(with(trusted).out, HasSubstr("GET /safe")) << "a handshake holds up nobody";
  expect_quick_end();
}

TEST_F(Tls, HandshakesThatHangCostNoTime) {
  HttpDaemonOptions options = options_with({});
  options.tls = read_tls_identity(folder_ / "a.pem", folder_ / "a.key");
  daemon_.emplace(options, handler_);
  std::vector<TestClient> hanging;
  for (int i = 0; i < 20; ++i) {
    hanging.push_back(connect());
    ASSERT_TRUE(hanging.back().send("\x16\x03\x01\x02"));
  }
  std::this_thread::sleep_for(milliseconds(500));
  const auto before = process_usage().cpu;
  std::this_thread::sleep_for(seconds(1));
  EXPECT_LT(process_usage().cpu - before, milliseconds(100));
}

TEST_F(Tls, FilesThatDoNotFitAreNamed) {
  const auto pem = folder_ / "a.pem", key = folder_ / "a.key", other = folder_ / "b.key";
  const auto error = [](const auto& certificate, const auto& private_key) {
    return error_of([&] { (void)read_tls_identity(certificate, private_key); });
  };
  EXPECT_EQ(error(pem, key), "");
  EXPECT_THAT(error(key, key), HasSubstr("--http-cert " + key.string()));
  EXPECT_THAT(error(pem, pem), HasSubstr("--http-key " + pem.string()));
  EXPECT_THAT(error(pem, other), HasSubstr(other.string() + ": does not belong to"));
  EXPECT_THAT(error(folder_ / "none.pem", key), HasSubstr("none.pem"));
}

}  // namespace
}  // namespace octet
