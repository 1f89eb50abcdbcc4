// Finds objects in an image and draws them: detect MODEL IMAGE OUTPUT.jpg
#include <octet/octet.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: detect MODEL IMAGE OUTPUT.jpg\n");
    return 2;
  }
  try {
    const octet::Detector detector(argv[1]);
    octet::Image image = octet::read_image(argv[2]);
    const octet::Detections found = detector.detect(image);
    for (const octet::Detection& d : found)
      std::printf("%s %.2f %.0f %.0f %.0f %.0f\n", d.name.c_str(), d.confidence, d.box.x1, d.box.y1,
                  d.box.x2, d.box.y2);
    octet::draw(image, found);
    octet::write_jpeg(argv[3], image);
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "detect: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
