// octet_tile_clip CLIP COLUMNS ROWS FIRST FRAMES OUT: writes a video whose frames are grids of the clip's frames from FIRST on. All tiles
// of a grid show the same frame at its own size. For bench/top_down.py.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "media/video/video.h"

namespace {

octet::Image grid(const octet::Image& tile, int columns, int rows) {
  octet::Image out{.width = tile.width * columns, .height = tile.height * rows};
  const size_t row_bytes = static_cast<size_t>(tile.width) * 3;
  out.rgb.resize(row_bytes * columns * out.height);
  for (int y = 0; y < out.height; ++y) {
    const auto* from = &tile.rgb[static_cast<size_t>(y % tile.height) * row_bytes];
    for (int column = 0; column < columns; ++column)
      std::memcpy(&out.rgb[(static_cast<size_t>(y) * columns + column) * row_bytes], from,
                  row_bytes);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: octet_tile_clip CLIP COLUMNS ROWS FIRST FRAMES OUT\n");
    return 2;
  }
  try {
    const int columns = std::atoi(argv[2]), rows = std::atoi(argv[3]);
    octet::VideoReader reader(argv[1]);
    const octet::Size tile = reader.info().size;
    octet::VideoWriter writer(argv[6], {tile.width * columns, tile.height * rows},
                              reader.info().fps);
    octet::VideoFrame frame;
    for (int left = std::atoi(argv[4]); left > 0 && reader.read(frame); --left) continue;
    for (int left = std::atoi(argv[5]); left > 0 && reader.read(frame); --left)
      writer.write(grid(frame.to_rgb(), columns, rows));
    writer.finish();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "octet_tile_clip: %s\n", e.what());
    return 1;
  }
}
