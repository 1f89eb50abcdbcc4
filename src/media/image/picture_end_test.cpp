#include "media/image/picture_end.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet {
namespace {

using Bytes = std::vector<uint8_t>;

// As FFmpeg hands out what came over RTP: a NAL unit's start with a start code, then fragments.
std::vector<Bytes> fragments(Bytes nal, size_t bytes, size_t largest = 1400) {
  nal.resize(bytes, 0x55);
  nal.insert(nal.begin(), {0, 0, 0, 1});
  std::vector<Bytes> out;
  for (size_t at = 0; at < nal.size(); at += largest)
    out.emplace_back(nal.begin() + static_cast<std::ptrdiff_t>(at),
                     nal.begin() + static_cast<std::ptrdiff_t>(std::min(nal.size(), at + largest)));
  return out;
}

// Parameter sets and the slices of a picture; of 30 every first is a key frame.
struct Stream {
  NalSyntax syntax = NalSyntax::kH264;
  int slices = 1;
  size_t bytes = 5000;

  [[nodiscard]] Bytes slice(bool key, bool first) const {
    const uint8_t begins = first ? 0x80 : 0x40;
    if (syntax == NalSyntax::kH264) return {static_cast<uint8_t>(key ? 0x65 : 0x41), begins};
    return {static_cast<uint8_t>(key ? 19 << 1 : 1 << 1), 1, begins};
  }
  [[nodiscard]] std::vector<Bytes> picture(int number) const {
    const bool key = number % 30 == 0;
    std::vector<Bytes> out;
    if (key)
      out = fragments(syntax == NalSyntax::kH264 ? Bytes{0x67, 1} : Bytes{32 << 1, 1, 1}, 20);
    for (int i = 0; i < slices; ++i) {
      for (Bytes& packet : fragments(slice(key, i == 0), bytes + static_cast<size_t>(number)))
        out.push_back(std::move(packet));
    }
    return out;
  }
};

// How many pictures were said to be whole with their last packet, and how many before it.
struct Said {
  int in_time = 0, too_early = 0;
};
Said run(PictureEnd& end, const Stream& stream, int from, int to) {
  Said said;
  for (int i = from; i < to; ++i) {
    const auto packets = stream.picture(i);
    for (size_t p = 0; p < packets.size(); ++p) {
      if (end.add(packets[p])) ++(p + 1 == packets.size() ? said.in_time : said.too_early);
    }
  }
  return said;
}

TEST(PictureEnd, IsKnownAfterAWhile) {
  for (const NalSyntax syntax : {NalSyntax::kH264, NalSyntax::kHevc}) {
    for (const int slices : {1, 4}) {
      PictureEnd end(syntax);
      const Stream stream{.syntax = syntax, .slices = slices};
      EXPECT_EQ(run(end, stream, 0, 30).in_time, 0);
      const Said said = run(end, stream, 31, 231);
      EXPECT_EQ(said.too_early, 0);
      EXPECT_GT(said.in_time, 150) << slices << " slices";
    }
  }
}

TEST(PictureEnd, AFullLastPacketIsWaitedFor) {
  PictureEnd end(NalSyntax::kH264);
  const Stream stream;
  (void)run(end, stream, 0, 100);
  std::vector<Bytes> packets = fragments(stream.slice(false, true), 1400 * 3 - 4);
  for (const Bytes& packet : packets) EXPECT_FALSE(end.add(packet));
  EXPECT_EQ(run(end, stream, 101, 111).in_time, 10) << "that is no mistake";
}

TEST(PictureEnd, AMistakeIsMadeOnce) {
  PictureEnd end(NalSyntax::kH264);
  EXPECT_GT(run(end, {}, 0, 100).in_time, 0);
  const Said other = run(end, {.slices = 2}, 100, 101);
  EXPECT_EQ(other.too_early, 1) << "a second slice was never seen";
  EXPECT_EQ(run(end, {.slices = 2}, 101, 150).in_time, 0);
  EXPECT_GT(run(end, {.slices = 2}, 150, 400).in_time, 100) << "it is learned anew";
}

TEST(PictureEnd, PicturesOfEverOtherSlicesAreWaitedFor) {
  PictureEnd end(NalSyntax::kHevc);
  Said said;
  for (int i = 0; i < 2000; ++i)
    said.too_early +=
        run(end, {.syntax = NalSyntax::kHevc, .slices = 1 + i % 3}, i, i + 1).too_early;
  EXPECT_EQ(said.too_early, 0);
}

TEST(PictureEnd, TakesAnyBytes) {
  PictureEnd end(NalSyntax::kH264);
  for (const Bytes& packet : {Bytes{}, Bytes{0, 0, 1}, Bytes{0, 0, 1, 0x65},
                              Bytes{0, 0, 1, 0, 0, 1}, Bytes(3, 0), Bytes{0x65, 0x80}})
    EXPECT_FALSE(end.add(packet));
}

}  // namespace
}  // namespace octet
