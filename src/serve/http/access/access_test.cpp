#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "serve/http/access/access_control.h"
#include "serve/options.h"
#include "testing/testing.h"

namespace octet {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

const std::string kToken = "a-token-of-20-letters";
const AttemptLimiter::Time kStart{};

ClientAddress from_ipv4(const char* text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &v4.sin_addr);
  return client_address(reinterpret_cast<const sockaddr*>(&v4));
}

ClientAddress from_ipv6(const char* text) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, text, &v6.sin6_addr);
  return client_address(reinterpret_cast<const sockaddr*>(&v6));
}

TEST(Endpoint, Parses) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8080").port, 8080);
  EXPECT_EQ(parse_endpoint(":80").host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("localhost:80").host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("[::1]:80").host, "::1");
  for (const char* wrong :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:-1",
        "example.org:80", "127.0.0.1:80 ", "127.1:80", "[::1:80", "[127.0.0.1]:80"})
    EXPECT_THAT(error_of([&] { (void)parse_endpoint(wrong); }), HasSubstr("127.0.0.1:8080"))
        << wrong;
}

TEST(Authority, IsParsedAsWhatItMeans) {
  EXPECT_EQ(parse_authority("Box.Example.:80")->host, "box.example");
  EXPECT_EQ(parse_authority("Box.Example.:80")->port, 80);
  EXPECT_FALSE(parse_authority("box")->port);
  EXPECT_EQ(parse_authority("[0:0:0:0:0:0:0:1]")->host, "::1");
  EXPECT_EQ(parse_authority("[::ffff:127.0.0.1]:80")->host, "127.0.0.1");
  for (const char* wrong : {"", ":80", "a b", "box:", "box:x", "box:65536", "box:80:80", "[::1",
                            "[::1]80", "[]", "user@box", "box/path", "b\xc3\xb6x"})
    EXPECT_FALSE(parse_authority(wrong)) << wrong;
}

TEST(Authority, SameOrigin) {
  EXPECT_TRUE(is_same_origin("http://box:8080", "BOX:8080"));
  EXPECT_TRUE(is_same_origin("http://box", "box:80"));
  EXPECT_TRUE(is_same_origin("https://box:443", "box"));
  EXPECT_TRUE(is_same_origin("http://[::1]:80", "[0::1]"));
  for (const char* other : {"http://box:8081", "http://box.evil.example:8080", "https://box",
                            "null", "", "box:8080", "file://box:8080", "http://user@box:8080"})
    EXPECT_FALSE(is_same_origin(other, "box:8080")) << other;
}

TEST(ClientAddress, CountsAsOneWhatOneMachineHas) {
  EXPECT_NE(from_ipv4("192.0.2.1"), from_ipv4("192.0.2.2"));
  EXPECT_EQ(from_ipv4("192.0.2.1"), from_ipv6("::ffff:192.0.2.1"));
  EXPECT_EQ(from_ipv6("2001:db8::1"), from_ipv6("2001:db8::ffff:1"));
  EXPECT_NE(from_ipv6("2001:db8::1"), from_ipv6("2001:db8:0:1::1"));
}

TEST(AccessControl, OtherMachinesNeedATokenOrAnOpenDoor) {
  EXPECT_THAT(error_of([] { AccessControl({.address = "0.0.0.0:80"}); }),
              HasSubstr("--http-token"));
  EXPECT_EQ(error_of([] { AccessControl({.address = "0.0.0.0:80", .open = true}); }), "");
  EXPECT_EQ(error_of([] { AccessControl({.address = "0.0.0.0:80", .token = kToken}); }), "");
  EXPECT_THAT(error_of([] { AccessControl({.address = "0.0.0.0:80", .token = "short"}); }),
              HasSubstr("16"));
}

int status_of(AccessControl& access, const RequestInfo& asked) {
  const auto refusal = access.check(asked, kStart);
  return refusal ? refusal->status : 200;
}

TEST(AccessControl, WithoutATokenOnlyThisMachineIsMeant) {
  AccessControl local({.address = "127.0.0.1:80"});
  for (const char* host : {"127.0.0.1:80", "[::1]:80", "localhost", "LOCALHOST:9000", "127.255.0.3",
                           "localhost.", "[::ffff:127.0.0.1]"})
    EXPECT_EQ(status_of(local, {.method = "GET", .path = "/", .host = host}), 200) << host;
  // Names that a stranger's server may give this machine, and what is no host at all.
  for (const char* host :
       {"evil.example", "127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "127.1", "127",
        "", "[::1", "[::2]", "0.0.0.0", "2130706433", "0x7f.0.0.1", "127.0.0.1@evil.com",
        "127.0.0.1 evil.com", "127.0.0.1:80:80"})
    EXPECT_EQ(status_of(local, {.method = "GET", .path = "/", .host = host}), 403) << host;
  EXPECT_EQ(status_of(local, {.method = "DELETE", .path = "/", .host = "127.0.0.1"}), 405);
}

TEST(AccessControl, ChangesComeFromItsOwnPage) {
  AccessControl local({.address = "127.0.0.1:80"});
  const RequestInfo post{.method = "POST",
                         .path = "/api/settings",
                         .host = "127.0.0.1:80",
                         .origin = "http://127.0.0.1:80",
                         .content_type = "application/json; charset=utf-8"};
  EXPECT_EQ(status_of(local, post), 200);
  for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:81"}) {
    RequestInfo other = post;
    other.origin = origin;
    EXPECT_EQ(status_of(local, other), 403) << origin;
  }
  for (const char* type : {"text/plain", "", "application/jsonp", "text/plain; application/json"}) {
    RequestInfo other = post;
    other.content_type = type;
    EXPECT_EQ(status_of(local, other), 415) << type;
  }
}

TEST(AccessControl, ATokenIsAskedForEverywhereButForTheHealth) {
  AccessControl wide({.address = "0.0.0.0:80", .token = kToken});
  const auto with = [&](const std::string& authorization, const char* path = "/") {
    return status_of(
        wide,
        {.method = "GET", .path = path, .host = "box.example", .authorization = authorization});
  };
  EXPECT_EQ(with("Bearer " + kToken), 200);
  EXPECT_EQ(with("Basic YW55OmEtdG9rZW4tb2YtMjAtbGV0dGVycw=="), 200);  // any:a-token-of-20-letters
  for (const char* path : {"/", "/page.js", "/api/state", "/metrics", "/camera/0.mjpeg", "/none"})
    EXPECT_EQ(with("", path), 401) << path;
  for (const std::string& wrong : {"Bearer " + kToken + "x", std::string("Bearer "),
                                   std::string("Basic YWJj"), std::string("Basic ???"), kToken})
    EXPECT_EQ(with(wrong), 401) << wrong;
  EXPECT_EQ(with("", "/healthz"), 200);
  AccessControl local({.address = "127.0.0.1:80", .token = kToken});
  EXPECT_EQ(status_of(local, {.method = "GET", .path = "/", .host = "localhost"}), 401);
}

TEST(AccessControl, WrongTokensAreLimitedByAddress) {
  AccessControl wide({.address = "0.0.0.0:80", .token = kToken});
  const auto at = [&](seconds after, const char* address, const std::string& token) {
    return wide.check({.method = "GET",
                       .path = "/",
                       .authorization = token.empty() ? "" : "Bearer " + token,
                       .from = from_ipv4(address)},
                      kStart + after);
  };
  for (int i = 0; i < AttemptLimiter::kInARow; ++i)
    EXPECT_EQ(at(seconds(0), "192.0.2.1", "wrong")->status, 401) << i;
  const auto refusal = at(seconds(0), "192.0.2.1", kToken);
  ASSERT_TRUE(refusal) << "nothing is told about a token now";
  EXPECT_EQ(refusal->status, 429);
  EXPECT_EQ(refusal->retry_after, AttemptLimiter::kEvery);
  EXPECT_EQ(at(seconds(0), "192.0.2.1", "")->status, 401) << "who brings no token does not guess";
  EXPECT_FALSE(at(seconds(0), "192.0.2.2", kToken)) << "others are not held up";
  EXPECT_FALSE(at(seconds(6), "192.0.2.1", kToken));
  EXPECT_EQ(at(seconds(6), "192.0.2.1", "wrong")->status, 401);
  EXPECT_EQ(at(seconds(7), "192.0.2.1", "wrong")->status, 429);
}

TEST(AttemptLimiter, RemembersAsManyAddressesAsItMay) {
  AttemptLimiter limiter;
  const ClientAddress busiest = from_ipv4("192.0.2.1");
  for (int i = 0; i < 20; ++i) limiter.failed(busiest, kStart);
  ClientAddress other;
  for (uint32_t i = 0; i < 4 * AttemptLimiter::kAddresses; ++i) {
    std::memcpy(other.network.data(), &i, sizeof(i));
    limiter.failed(other, kStart);
  }
  EXPECT_GT(limiter.wait(busiest, kStart), seconds(0)) << "who failed most is forgotten last";
  EXPECT_EQ(limiter.wait(other, kStart), seconds(0));
}

}  // namespace
}  // namespace octet
