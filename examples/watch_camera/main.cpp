// Follows the objects of a camera, a stream or a video file: watch_camera MODEL ADDRESS [FRAMES]
// Control-C ends it.
#include <octet/octet.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

volatile std::sig_atomic_t ended = 0;

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
  std::signal(SIGINT, [](int) { ended = 1; });
  std::stop_source stop;
  octet::WatchOptions options{
      .track = true, .max_frames = argc > 3 ? std::atoll(argv[3]) : 0, .stop = stop.get_token()};
  options.detector.log = [](octet::LogLevel, const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
  };
  const auto on_frame = [&](const octet::WatchFrame& frame) {
    print(frame);
    if (ended != 0) stop.request_stop();
  };
  try {
    octet::watch(argv[1], {{.name = "camera", .address = argv[2]}}, on_frame, options);
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "watch_camera: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
