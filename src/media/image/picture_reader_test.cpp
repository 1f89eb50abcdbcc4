#include "media/image/picture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/log.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kGood = OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg";

std::string* heard = nullptr;

TEST(PictureReader, PassesByCountsAndNames) {
  const TemporaryFolder folder;
  write_text_file(folder / "cut.jpg", read_text_file(kGood).substr(0, 30'000));
  write_text_file(folder / "empty.jpg", "");
  std::string said;
  heard = &said;
  set_log_sink([](LogLevel, const char*, const std::string& text) { *heard += text + "\n"; });
  PictureReader reader(BadPicture::kSkip);
  EXPECT_TRUE(reader.read(kGood));
  for (const char* name : {"cut.jpg", "empty.jpg", "missing.jpg"})
    EXPECT_FALSE(reader.read(folder / name)) << name;
  EXPECT_EQ(reader.skipped(), 3);
  reader.finish();
  set_log_sink(nullptr);
  EXPECT_THAT(said, HasSubstr("3 images left out (cannot be read): "));
  for (const char* name : {"cut.jpg", "empty.jpg", "missing.jpg"})
    EXPECT_THAT(said, HasSubstr(name));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST(PictureReader, StopsWhereAsked) {
  PictureReader reader(BadPicture::kStop);
  EXPECT_THAT(error_of([&] { (void)reader.read("/nowhere/a.jpg"); }), HasSubstr("/nowhere/a.jpg"));
}

TEST(PictureReader, NoneThatCanBeReadIsAnError) {
  PictureReader reader(BadPicture::kSkip);
  EXPECT_FALSE(reader.read("/nowhere/a.jpg"));
  EXPECT_THAT(error_of([&] { reader.finish(); }), HasSubstr("/nowhere/a.jpg"));
  EXPECT_FALSE(reader.read("/nowhere/b.jpg"));
  EXPECT_THAT(error_of([&] { reader.finish(); }), HasSubstr("2 images"));
}

}  // namespace
}  // namespace octet
