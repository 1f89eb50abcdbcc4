// Streams from their first picture to the last: what FFmpeg reads to learn what a stream is, and what a
// decoder holds at its end.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "core/file.h"
#include "media/image/image_io.h"
#include "media/stream/stream.h"
#include "testing/loopback.h"
#include "testing/testing.h"

namespace octet {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kVideos = OCTET_SOURCE_DIR "/tests/data/videos";

// Standard input holds these bytes, and then ends.
class Piped {
 public:
  explicit Piped(const std::string& bytes) : standard_input_(::dup(STDIN_FILENO)) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    ::dup2(ends_[0], STDIN_FILENO);
    writer_ = std::jthread([this, bytes] {
      for (size_t done = 0; done < bytes.size();) {
        const ssize_t part = ::write(ends_[1], bytes.data() + done, bytes.size() - done);
        if (part < 0) break;
        done += static_cast<size_t>(part);
      }
      ::close(ends_[1]);
    });
  }
  ~Piped() {
    writer_.join();
    ::dup2(standard_input_, STDIN_FILENO);
    ::close(standard_input_);
    ::close(ends_[0]);
  }
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;

 private:
  std::array<int, 2> ends_{};
  int standard_input_;
  std::jthread writer_;
};

// Answers one connection after another with a header and these bytes. `login`: who may have them,
// as Basic authorization writes it; empty: everybody.
class HttpServer {
 public:
  HttpServer(const std::string& type, std::string body, std::string login = "")
      : login_(std::move(login)),
        answer_("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + type + "\r\n\r\n" +
                std::move(body)) {
    const LoopbackListener listener = listen_on_loopback();
    socket_ = listener.socket;
    port_ = listener.port;
    thread_ = std::jthread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  [[nodiscard]] std::string address() const { return fmt::format("http://127.0.0.1:{}/x", port_); }

 private:
  void serve() const {
    for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      std::array<char, 4096> asked{};
      const ssize_t bytes = ::recv(client, asked.data(), asked.size(), 0);
      const std::string_view request(asked.data(),
                                     static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
      const std::string& answer =
          request.find(login_) != std::string_view::npos ? answer_ : kUnauthorized;
      for (size_t done = 0; done < answer.size();) {
        const ssize_t part =
            ::send(client, answer.data() + done, answer.size() - done, MSG_NOSIGNAL);
        if (part <= 0) break;
        done += static_cast<size_t>(part);
      }
      ::close(client);
    }
  }
  inline static const std::string kUnauthorized =
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"camera\"\r\nConnection: "
      "close\r\n"
      "Content-Length: 0\r\n\r\n";
  std::string login_, answer_;
  int socket_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

struct ReadStream {
  std::vector<double> times_ms;
  std::vector<std::vector<uint8_t>> pictures;
  std::chrono::duration<double> until_first{};
};

ReadStream read_stream(const std::string& address) {
  ReadStream out;
  const std::atomic<bool> stop = false;
  const auto began = steady_clock::now();
  StreamReader reader(address, {.patience = std::chrono::seconds(5)}, stop);
  VideoFrame frame;
  steady_clock::time_point arrived, before = began;
  while (reader.read(frame, arrived)) {
    if (out.pictures.empty()) out.until_first = steady_clock::now() - began;
    EXPECT_GE(arrived, before);
    before = arrived;
    out.times_ms.push_back(1e3 * reader.seconds());
    out.pictures.push_back(frame.to_rgb().rgb);
  }
  return out;
}

// As the file's own reader reads it.
void expect_all(const ReadStream& stream, const fs::path& file, const std::string& what) {
  VideoReader reader(file);
  VideoFrame frame;
  size_t i = 0;
  for (; reader.read(frame); ++i) {
    ASSERT_LT(i, stream.pictures.size()) << what;
    EXPECT_EQ(stream.pictures[i], frame.to_rgb().rgb) << what << " " << i;
    EXPECT_NEAR(stream.times_ms[i], 1e3 * reader.seconds(), 0.5) << what << " " << i;
  }
  EXPECT_EQ(i, stream.pictures.size()) << what;
  EXPECT_LT(stream.until_first.count(), 3) << what;
}

TEST(WholeStream, EveryPictureOfAPipeArrives) {
  for (const char* name :
       {"plain.ts", "plain.flv", "vfr.mkv", "b-frames-mpeg4.mkv", "fragmented.mp4"}) {
    const Piped piped(read_text_file(kVideos / name));
    expect_all(read_stream("-"), kVideos / name, name);
  }
}

TEST(WholeStream, EveryPictureOverHttpArrives) {
  for (const auto& [name, type] : {std::pair{"plain.ts", "video/mp2t"},
                                   {"plain.flv", "video/x-flv"},
                                   {"fragmented.mp4", "video/mp4"},
                                   {"vfr.mkv", "video/x-matroska"}}) {
    const HttpServer server(type, read_text_file(kVideos / name));
    expect_all(read_stream(server.address()), kVideos / name, name);
  }
}

TEST(WholeStream, EveryPictureOfAnMjpegCameraArrives) {
  std::string body;
  std::vector<Image> images;
  for (int i = 0; i < 40; ++i) {
    images.push_back({.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3)});
    images.back().rgb.assign(images.back().rgb.size(), static_cast<uint8_t>(6 * i));
    const std::vector<uint8_t> jpeg = encode_jpeg(images.back());
    body +=
        fmt::format("--b\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.size());
    body.append(jpeg.begin(), jpeg.end()).append("\r\n");
  }
  const HttpServer server("multipart/x-mixed-replace;boundary=b", body);
  const ReadStream stream = read_stream(server.address());
  ASSERT_EQ(stream.pictures.size(), images.size());
  for (size_t i = 0; i < images.size(); ++i)
    EXPECT_NEAR(stream.pictures[i][0], images[i].rgb[0], 2) << i;
  // FFmpeg would count 25 a second.
  EXPECT_LT(stream.times_ms.back(), 1e3) << "they came at once";
}

TEST(WholeStream, ALoginOverHttpIsTakenAsItIsWritten) {
  const HttpServer server("video/mp2t", read_text_file(kVideos / "plain.ts"),
                          "Authorization: Basic bWU6cEBzcy93P3JkIzEgOiU=");
  const std::string host = server.address().substr(std::string_view("http://").size());
  expect_all(read_stream("http://me:p@ss/w?rd#1 :%@" + host), kVideos / "plain.ts", "login");
  EXPECT_THAT(error_of([&] { (void)read_stream("http://me:wrong@" + host); }), HasSubstr("401"));
}

TEST(WholeStream, APlaylistIsRefused) {
  const HttpServer server("application/vnd.apple.mpegurl",
                          "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n");
  EXPECT_THAT(error_of([&] { (void)read_stream(server.address()); }), HasSubstr("playlists"));
}

TEST(WholeStream, WithoutAPictureItIsAnError) {
  const std::string transport = read_text_file(kVideos / "plain.ts");
  const Piped piped(transport.substr(0, 188 * 3));  // its tables, and no picture
  EXPECT_THAT(error_of([] { (void)read_stream("-"); }), HasSubstr("standard input: "));
}

}  // namespace
}  // namespace octet
