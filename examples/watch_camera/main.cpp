// Follows the objects of a camera, a stream or a video file: watch_camera MODEL ADDRESS [FRAMES]
// Control-C ends it.
#include <octet/octet.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

namespace {

std::atomic<bool> ended = false;  // by Control-C

// Of a thread of its own: a camera that is down gives no frames, in which one could look.
void stop_when_ended(const std::stop_token& watch_is_over, std::stop_source& stop) {
  while (!ended && !watch_is_over.stop_requested())
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  stop.request_stop();
}

void print(const octet::WatchFrame& frame) {
  std::printf("frame %lld, %.0f ms old:", static_cast<long long>(frame.number), frame.age.count());
  for (const octet::Detection& d : frame.detections)
    std::printf(" %s#%lld", d.name.c_str(), static_cast<long long>(d.track));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: watch_camera MODEL ADDRESS [FRAMES]\n");
    return 2;
  }
  std::signal(SIGINT, [](int) { ended = true; });
  std::stop_source stop;
  const std::jthread waiting(stop_when_ended, std::ref(stop));
  octet::WatchOptions options{
      .track = true, .max_frames = argc > 3 ? std::atoll(argv[3]) : 0, .stop = stop.get_token()};
  options.detector.log = [](octet::LogLevel, const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
  };
  try {
    octet::watch(argv[1], {{.name = "camera", .address = argv[2]}}, print, options);
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "watch_camera: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
