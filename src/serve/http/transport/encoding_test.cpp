#include "serve/http/transport/encoding.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

TEST(ByteRange, OneIsTakenAndManyAreNot) {
  const auto range = [](const char* header) {
    const auto r = parse_range(header, 100);
    return r ? std::pair<size_t, size_t>(r->first, r->count) : std::pair<size_t, size_t>(999, 999);
  };
  const std::pair<size_t, size_t> whole{999, 999};
  EXPECT_EQ(range("bytes=0-0"), (std::pair<size_t, size_t>(0, 1)));
  EXPECT_EQ(range("bytes=10-19"), (std::pair<size_t, size_t>(10, 10)));
  EXPECT_EQ(range("bytes=90-"), (std::pair<size_t, size_t>(90, 10)));
  EXPECT_EQ(range("bytes=90-18446744073709551615"), (std::pair<size_t, size_t>(90, 10)));
  EXPECT_EQ(range("bytes=-5"), (std::pair<size_t, size_t>(95, 5)));
  EXPECT_EQ(range("bytes=-500"), (std::pair<size_t, size_t>(0, 100)));
  EXPECT_EQ(range("bytes=100-").second, 0U) << "nothing of the body is in it";
  for (const char* all : {"bytes=0-1,5-9", "bytes=", "bytes=-", "bytes=9-8", "bytes=a-b", "0-1",
                          "items=0-1", "bytes=0-99999999999999999999999", "bytes=+1-2"})
    EXPECT_EQ(range(all), whole) << all;
}

TEST(AcceptEncoding, IsReadAsAList) {
  for (const char* yes : {"gzip", "br, gzip;q=0.5", "deflate,gzip", "gzip; q=1"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "br", "gzip;q=0", "gzip;q=0.000", "gzippy", ",,,", ";"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Gzip, MakesTextSmaller) {
  const std::string text(10'000, 'x');
  for (const Compression wanted : {Compression::kFast, Compression::kSmall}) {
    const std::string small = gzip(text, wanted);
    EXPECT_LT(small.size(), 200U);
    EXPECT_EQ(small.substr(0, 2), "\x1f\x8b");
  }
}

}  // namespace
}  // namespace octet
