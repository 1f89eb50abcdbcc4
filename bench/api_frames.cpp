// octet_api_frames MODEL IMAGE SIDE THREADS: times of frames through the C++ API, for bench/python_overhead.py. Each line of standard
// input is a number of frames. It is answered with a line of as many times in microseconds.
#include <octet/octet.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: octet_api_frames MODEL IMAGE SIDE THREADS\n");
    return 2;
  }
  try {
    using Clock = std::chrono::steady_clock;
    const int side = std::atoi(argv[3]);
    const octet::Detector detector(
        argv[1], {.size = {side, side}, .threads = std::atoi(argv[4]), .trusted = true});
    const octet::Image image = octet::read_image(argv[2]);
    char line[32];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
      for (int left = std::atoi(line); left > 0; --left) {
        const Clock::time_point begin = Clock::now();
        const octet::Detections found = detector.detect(image);
        const std::chrono::duration<double, std::micro> time = Clock::now() - begin;
        std::printf("%.2f ", time.count());
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "octet_api_frames: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
