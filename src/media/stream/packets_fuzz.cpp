// Packets of a camera, whatever is in them: the first byte of each is its length, and of the first
// the syntax.
#include <algorithm>
#include <vector>

#include "media/image/picture_end.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> rest(data, size);
  const bool hevc = !rest.empty() && rest[0] % 2 != 0;
  octet::PictureEnd end(hevc ? octet::NalSyntax::kHevc : octet::NalSyntax::kH264);
  while (!rest.empty()) {
    const size_t length = std::min<size_t>(rest[0], rest.size() - 1);
    const std::vector<uint8_t> packet(rest.begin() + 1,
                                      rest.begin() + 1 + length);  // its own memory
    (void)end.add(packet);
    rest = rest.subspan(1 + length);
  }
  return 0;
}
