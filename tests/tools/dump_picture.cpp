// dump_picture PICTURE OUT.ppm: what octet reads, pixel by pixel. tests/system/unusual_pictures.py compares it.
#include <cstdio>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "media/image/image_io.h"

int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    const octet::Image image = octet::read_image(arguments[1]);
    const std::string header = fmt::format("P6\n{} {}\n255\n", image.width, image.height);
    const std::span<const std::byte> parts[] = {std::as_bytes(std::span(header)),
                                                std::as_bytes(std::span(image.rgb))};
    octet::write_file(arguments[2], parts);
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
