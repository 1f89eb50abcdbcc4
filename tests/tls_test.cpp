// Cameras and brokers over TLS, whose certificates are right, expired, for another name, or their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <ctime>
#include <fstream>

#include "media/stream/stream.h"
#include "serve/mqtt/mqtt.h"
#include "testing/testing.h"
#include "tools/child_process.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

enum class Certificate { kRight, kExpired, kOtherName, kOwn };

std::string name_of(Certificate c) {
  switch (c) {
    case Certificate::kRight:
      return "right";
    case Certificate::kExpired:
      return "expired";
    case Certificate::kOtherName:
      return "other_name";
    default:
      return "own";
  }
}

// An authority, and a server's certificate of the kind asked for: ca.pem, cert.pem, key.pem.
class Tls : public testing::TestWithParam<Certificate> {
 protected:
  void SetUp() override {
    mosquitto_lib_init();
    if (std::system("command -v openssl >/dev/null") != 0)
      GTEST_SKIP() << "openssl is not installed";
    const std::string name =
        GetParam() == Certificate::kOtherName ? "elsewhere.example" : "localhost";
    const std::string days = GetParam() == Certificate::kExpired ? "-1" : "7";
    std::ofstream(folder_ / "names") << "subjectAltName=DNS:" << name << "\n";
    const std::string make =
        "cd " + folder_.path().string() +
        " && exec 2>log && k='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && "
        "openssl req -x509 $k -keyout ca.key -out ca.pem -days 7 -subj /CN=authority && "
        "openssl req $k -keyout key.pem -out request -subj /CN=" +
        name +
        " && "
        "openssl x509 -req -in request -extfile names -days " +
        days +
        (GetParam() == Certificate::kOwn ? " -signkey key.pem"
                                         : " -CA ca.pem -CAkey ca.key -CAcreateserial") +
        " -out cert.pem";
    ASSERT_EQ(std::system(make.c_str()), 0) << make;
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  void serve(const std::string& command) {
    server_.emplace(std::vector<std::string>{"sh", "-c",
                                             "cd " + folder_.path().string() +
                                                 " && PATH=$PATH:/usr/sbin exec " + command +
                                                 " >/dev/null 2>&1"});
  }

  TemporaryFolder folder_;
  int port_ = free_port();
  std::optional<ChildProcess> server_;
};

// "" when a picture came. A server that is not up yet is asked again.
std::string why_no_picture(const std::string& address, const StreamOptions& options) {
  std::atomic<bool> stop = false;
  const auto deadline = Clock::now() + seconds(15);
  for (;;) {
    try {
      StreamReader camera(address, options, stop);
      VideoFrame frame;
      Clock::time_point arrived;
      return camera.read(frame, arrived) ? "" : "it ended";
    } catch (const std::exception& e) {
      const std::string reason = e.what();
      if (reason.find("refused") == std::string::npos || Clock::now() > deadline) return reason;
      std::this_thread::sleep_for(milliseconds(50));
    }
  }
}

TEST_P(Tls, ACameraIsCheckedWhereItsAuthorityIsGiven) {
  serve("openssl s_server -accept 127.0.0.1:" + std::to_string(port_) + " -cert " +
        file("cert.pem") + " -key " + file("key.pem") + " -WWW");
  std::filesystem::copy(OCTET_SOURCE_DIR "/tests/data/streams/120-pictures.h264",
                        folder_ / "clip.h264");
  const std::string address = "https://localhost:" + std::to_string(port_) + "/clip.h264";
  const bool right = GetParam() == Certificate::kRight;
  EXPECT_EQ(why_no_picture(address, {}), "") << "nothing is checked unless it is asked for";
  EXPECT_EQ(why_no_picture(address, {.authorities = file("ca.pem")}).empty(), right);
}

TEST_P(Tls, ABrokerIsAlwaysChecked) {
  std::ofstream(folder_ / "conf") << "listener " << port_
                                  << " 127.0.0.1\nallow_anonymous true\nuser root\ncertfile "
                                  << file("cert.pem") << "\nkeyfile " << file("key.pem") << "\n";
  if (std::system("PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null") != 0)
    GTEST_SKIP() << "mosquitto is not installed";
  const auto serve_later = [&] { serve("mosquitto -c " + file("conf")); };
  const auto connects = [&](const std::filesystem::path& authorities, std::string& error) {
    Mqtt mqtt({.host = "localhost", .port = port_, .tls = true, .authorities = authorities});
    if (!server_) {  // it is not up yet: that is found out, and does not keep a core busy
      const std::clock_t before = std::clock();
      std::this_thread::sleep_for(milliseconds(500));
      EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 4);
      EXPECT_THAT(mqtt.status().error, HasSubstr("refused"));
      serve_later();
    }
    const auto deadline = Clock::now() + seconds(15);
    while (Clock::now() < deadline && !mqtt.status().connected) {
      error = mqtt.status().error;
      if (error.find("certificate") != std::string::npos) return false;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return mqtt.status().connected;
  };
  std::string error;
  EXPECT_EQ(connects(file("ca.pem"), error), GetParam() == Certificate::kRight) << error;
  EXPECT_FALSE(connects({}, error)) << "the system does not know the authority";
  EXPECT_THAT(error, HasSubstr("certificate has expired, is for another name"));
}

INSTANTIATE_TEST_SUITE_P(All, Tls,
                         testing::Values(Certificate::kRight, Certificate::kExpired,
                                         Certificate::kOtherName, Certificate::kOwn),
                         [](const auto& of) { return name_of(of.param); });

TEST(TlsOptions, ACheckThatCannotBeMadeIsRefused) {
  const std::atomic<bool> stop = false;
  try {
    const StreamReader camera("rtsps://localhost:1/x", {.authorities = "/etc/hostname"}, stop);
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_THAT(e.what(), HasSubstr("cannot check the certificate of an rtsps:// camera"));
  }
  EXPECT_THROW(Mqtt({.host = "localhost", .tls = true, .authorities = "/etc/no-such-file"}),
               std::exception);
}

}  // namespace
}  // namespace octet
