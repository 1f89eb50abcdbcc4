// Files and cameras that are not what they seem.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "core/file.h"
#include "media/image/annotated_files.h"
#include "media/image/image_io.h"
#include "media/stream/stream.h"
#include "media/video/video.h"
#include "testing/loopback.h"
#include "testing/testing.h"

namespace octet {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

const fs::path kClip = OCTET_SOURCE_DIR "/samples/person.mp4";

TEST(VideoReader, NamesAreNoPatternsAndNoProtocols) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  for (const char* name : {"12:30.mp4", "file:a.mp4", "http:b.mp4", "img%03d.mp4", "pipe:0"}) {
    fs::copy_file(kClip, name);
    VideoReader reader(name);
    VideoFrame frame;
    EXPECT_TRUE(reader.read(frame)) << name;
  }
  for (const char* name : {"img%03d.ppm", "a*.ppm", "12:30.ppm"}) {
    write_text_file(name, "P6\n1 1\n255\nabc");
    EXPECT_EQ(read_image(name).size(), (Size{1, 1})) << name;
  }
  fs::current_path(before);
}

TEST(VideoReader, AFileLeadsToNoOther) {
  const TemporaryFolder folder;
  fs::copy_file(kClip, folder / "clip.mp4");
  for (const std::string& text :
       {std::string("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.mp4\n#EXT-X-ENDLIST\n"),
        std::string("ffconcat version 1.0\nfile clip.mp4\n"),
        std::string("v=0\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
        std::string("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" "
                    "width=\"9\" height=\"9\"></svg>")}) {
    write_text_file(folder / "x.mp4", text);
    EXPECT_THAT(error_of([&] { (void)VideoReader(folder / "x.mp4"); }), HasSubstr("x.mp4")) << text;
    write_text_file(folder / "x.png", text);
    EXPECT_THAT(error_of([&] { (void)read_image(folder / "x.png"); }), HasSubstr("x.png")) << text;
  }
}

// A header can claim what it likes; a frame of it takes memory many times over.
TEST(VideoReader, FramesAreBounded) {
  const TemporaryFolder folder;
  const auto message = [&](int width, int height) {
    write_text_file(
        folder / "x.y4m",
        fmt::format("YUV4MPEG2 W{} H{} F25:1 Ip A1:1 C420jpeg\nFRAME\n", width, height) +
            std::string(1000, 'x'));
    return error_of([&] { (void)VideoReader(folder / "x.y4m"); });
  };
  EXPECT_THAT(message(12'000, 12'000), HasSubstr("pixels are more than the 35651584"));
  EXPECT_THAT(message(100'000, 100'000), HasSubstr("x.y4m"));
  EXPECT_THAT(message(-64, 64), HasSubstr("x.y4m"));
}

// Frames stand where they were taken, though their distances differ.
TEST(VideoReader, TimesAreTheFiles) {
  const TemporaryFolder folder;
  const Image image{.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3, 90)};
  const double times[] = {0, 0.1, 0.5, 2, 2.1, 60};
  VideoWriter writer(folder / "img%03d.mp4", image.size(), 10);
  for (const double time : times) writer.write_at(image, time);
  writer.finish();
  VideoReader reader(folder / "img%03d.mp4");
  VideoFrame frame;
  for (const double time : times) {
    ASSERT_TRUE(reader.read(frame));
    EXPECT_NEAR(reader.seconds(), time, 0.01);
  }
}

TEST(AnnotatedFiles, NeverOverwriteAnOriginalOrEachOther) {
  const TemporaryFolder folder;
  for (const char* name : {"in", "out"}) fs::create_directory(folder / name);
  const fs::path in = folder / "in", out = folder / "out";
  for (const char* name : {"a.jpg", "a.png", "b.png"}) write_text_file(in / name, "");
  EXPECT_EQ(annotated_files({in / "a.jpg", in / "a.png", in / "b.png"}, out),
            (std::vector<fs::path>{out / "a.jpg", out / "a.png.jpg", out / "b.jpg"}));
  EXPECT_EQ(annotated_files({"x/a.jpg", "y/a.jpg"}, out),
            (std::vector<fs::path>{out / "a.jpg", out / "a-2.jpg"}));
  EXPECT_THAT(error_of([&] { (void)annotated_files({in / "b.png"}, in); }),
              HasSubstr("name another folder"));
  fs::create_symlink(in / "b.png", out / "b.jpg");
  EXPECT_THAT(error_of([&] { (void)annotated_files({in / "b.png"}, out); }),
              HasSubstr("b.jpg leads to one of the images"));
}

TEST(CameraAddress, WhatIsNoCameraIsRefused) {
  for (const char* address : {"-", "rtsp://camera/x", "http://camera", "udp://@239.0.0.1:5000",
                              "/dev/video99", "/dev/no-such-device"})
    EXPECT_EQ(error_of([&] { require_camera_address(address); }), "") << address;
  EXPECT_THAT(error_of([] { require_camera_address("/dev/null"); }),
              HasSubstr("/dev/null: this device is no camera"));
  EXPECT_THAT(error_of([] { require_camera_address("file:///etc/passwd"); }),
              HasSubstr("a file is named by its path alone"));
  EXPECT_THAT(error_of([] { require_camera_address("ftp://me:secret@host/x"); }),
              Not(HasSubstr("secret")));
  EXPECT_FALSE(is_stream("file:a.mp4"));
  EXPECT_FALSE(is_stream("12:30.mp4"));
}

// Standard input that is silent does not hold up the end.
TEST(Stream, EveryWaitLooksAtTheStopFlag) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int standard_input = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  std::atomic<bool> stop = false;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(200));
    stop = true;
    std::this_thread::sleep_for(seconds(5));
    ::close(ends[1]);
  });
  const auto began = steady_clock::now();
  EXPECT_NE(error_of([&] { StreamReader("-", {}, stop); }), "");
  EXPECT_LT(steady_clock::now() - began, seconds(4));
  ::dup2(standard_input, STDIN_FILENO);
  ::close(standard_input);
  stopper.join();
  ::close(ends[0]);
}

int64_t resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) >> 20;
}

// Says the same to everybody who connects, first `begin`, then `rest` again and again.
class HostileServer {
 public:
  HostileServer(std::string begin, std::string rest)
      : begin_(std::move(begin)), rest_(std::move(rest)) {
    const LoopbackListener listener = listen_on_loopback();
    socket_ = listener.socket;
    port_ = listener.port;
    thread_ = std::jthread([this] { serve(); });
  }
  ~HostileServer() {
    stop_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  [[nodiscard]] std::string address(const char* scheme) const {
    return fmt::format("{}://me:secret@127.0.0.1:{}/x.m3u8", scheme, port_);
  }

 private:
  void serve() {
    for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      char asked[4096];
      (void)!::recv(client, asked, sizeof(asked), 0);
      bool heard = send(client, begin_);
      while (heard && !rest_.empty() && !stop_) heard = send(client, rest_);
      ::close(client);
    }
  }
  static bool send(int client, const std::string& text) {
    return ::send(client, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  std::string begin_, rest_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::jthread thread_;
};

// The message, and how many megabytes more were resident at most meanwhile.
std::pair<std::string, int64_t> open_hostile(const std::string& address) {
  const int64_t before = resident_megabytes();
  std::atomic<int64_t> most = before;
  std::atomic<bool> done = false;
  std::jthread watcher([&] {
    for (; !done; std::this_thread::sleep_for(milliseconds(5)))
      most = std::max(most.load(), resident_megabytes());
  });
  const std::atomic<bool> stop = false;
  const std::string error = error_of([&] {
    StreamReader reader(address, {.patience = seconds(3)}, stop);
    VideoFrame frame;
    steady_clock::time_point arrived;
    while (reader.read(frame, arrived)) {
    }
  });
  done = true;
  watcher.join();
  return {error, most - before};
}

struct Hostile {
  const char* what;
  const char* scheme;
  std::string begin, rest;
};

TEST(Stream, AHostileCameraIsRefusedInBoundedMemory) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string mebibyte(1 << 20, 'x');
  const Hostile all[] = {
      {"a playlist that names itself", "http",
       ok + "Content-Type: application/vnd.apple.mpegurl\r\n\r\n" +
           "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n#EXT-X-ENDLIST\n\n\n",
       ""},
      {"a drawing", "http",
       ok + "Content-Type: image/svg+xml\r\n\r\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
            "width=\"30000\" height=\"30000\"><rect width=\"9\" height=\"9\"/></svg>",
       ""},
      {"cookies without end", "http", ok, "Set-Cookie: a=" + std::string(2000, 'b') + "\r\n"},
      {"a picture of two gigabytes", "http",
       ok + "Content-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n--b\r\nContent-Type: "
            "image/jpeg\r\nContent-Length: 2000000000\r\n\r\n\xff\xd8",
       mebibyte},
      {"a JPEG without end", "http", ok + "Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0",
       mebibyte},
      {"a message of two gigabytes", "rtsp",
       "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2000000000\r\n\r\n", mebibyte},
  };
  for (const Hostile& h : all) {
    const HostileServer server(h.begin, h.rest);
    const auto began = steady_clock::now();
    const auto [error, megabytes] = open_hostile(server.address(h.scheme));
    EXPECT_THAT(error, HasSubstr("127.0.0.1")) << h.what;
    EXPECT_THAT(error, Not(HasSubstr("secret"))) << h.what;
    EXPECT_LT(megabytes, 700) << h.what;
    EXPECT_LT(steady_clock::now() - began, seconds(30)) << h.what;
    RecordProperty(h.what, fmt::format("{} MB, {}", megabytes, error));
  }
}

}  // namespace
}  // namespace octet
