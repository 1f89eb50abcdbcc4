#include "compress/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

// A program in place of octet: it writes its arguments to calls.txt and prints JSON, or fails where
// its first argument is "fail".
class StagesTest : public testing::Test {
 protected:
  StagesTest() {
    write_text_file(program(), "#!/bin/sh\necho \"$@\" >> " + (folder_ / "calls.txt").string() +
                                   "\n[ \"$1\" != fail ] || exit 1\n[ \"$1\" = odd ] && echo text\n"
                                   "[ \"$1\" = odd ] || echo '{\"x\":1}'\n");
    ::chmod(program().c_str(), 0700);
  }
  [[nodiscard]] std::filesystem::path program() const { return folder_ / "program.sh"; }
  [[nodiscard]] Stages stages(const std::string& key = "key", bool replace = false) const {
    return {folder_ / "work", program(), key, replace};
  }
  [[nodiscard]] std::string calls() const {
    const auto file = folder_ / "calls.txt";
    return std::filesystem::exists(file) ? read_text_file(file) : "";
  }

  TemporaryFolder folder_;
};

TEST_F(StagesTest, RunEachCommandOnce) {
  for (int time = 0; time < 2; ++time) {
    Stages s = stages();
    EXPECT_EQ(s.run({.name = "a", .title = "A", .arguments = {"val", "--model", "m"}}).at("x"), 1);
    EXPECT_EQ(s.commands().back(), "octet val --model m");
  }
  EXPECT_EQ(calls(), "val --model m --json\n");
}

TEST_F(StagesTest, ResumeARunThatStopped) {
  const auto last = folder_ / "last";
  const StageCommand train{.name = "t", .title = "T", .arguments = {"fail"}, .resumable = last};
  write_text_file(last, "");  // of other work
  for (int time = 0; time < 2; ++time)
    EXPECT_THAT(error_of([&] { (void)stages().run(train); }), HasSubstr("T: did not succeed"));
  EXPECT_EQ(calls(), "fail --json --overwrite\nfail --json --resume\n");
}

TEST_F(StagesTest, KeepAFailureThatIsAResult) {
  bool counts = false;
  const StageCommand prune{
      .name = "p", .title = "P", .arguments = {"fail"}, .failure_counts = [&] { return counts; }};
  EXPECT_THAT(error_of([&] { (void)stages().run(prune); }), HasSubstr("P: did not succeed"));
  counts = true;
  for (int time = 0; time < 2; ++time) EXPECT_TRUE(stages().run(prune).contains("failed"));
  EXPECT_EQ(calls(), "fail --json\nfail --json\n");
}

TEST_F(StagesTest, RefuseTheWorkOfAnotherCommand) {
  const StageCommand one{.name = "a", .title = "A", .arguments = {"val"}};
  (void)stages().run(one);
  EXPECT_THAT(error_of([&] { (void)stages("other"); }), HasSubstr("--overwrite replaces it"));
  (void)stages("other", true).run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\n");
}

TEST_F(StagesTest, SayWhatIsDamaged) {
  EXPECT_THAT(
      error_of([&] { (void)stages().run({.name = "o", .title = "O", .arguments = {"odd"}}); }),
      HasSubstr("O: printed no JSON"));
  write_text_file(folder_ / "work/stages/a.json", "{");
  EXPECT_THAT(
      error_of([&] { (void)stages().run({.name = "a", .title = "A", .arguments = {"val"}}); }),
      HasSubstr("a.json: is damaged"));
}

TEST_F(StagesTest, KeepTheWorkOfThisProcess) {
  int calls = 0;
  const auto work = [&] {
    ++calls;
    return nlohmann::ordered_json{{"y", 2}};
  };
  for (int time = 0; time < 2; ++time) EXPECT_EQ(stages().keep("w", work).at("y"), 2);
  EXPECT_EQ(calls, 1);
}

// A table that was extended knows more the next time.
TEST_F(StagesTest, KeepNoResultThatIsUnknown) {
  int calls = 0;
  for (int time = 0; time < 2; ++time) {
    const auto result = stages().keep("w", [&]() -> nlohmann::ordered_json {
      ++calls;
      return nullptr;
    });
    EXPECT_TRUE(result.is_null());
  }
  EXPECT_EQ(calls, 2);
}

TEST_F(StagesTest, AddUpTheirSeconds) {
  Stages first = stages();
  const auto ran = first.run({.name = "a", .title = "A", .arguments = {"val"}});
  const double seconds = first.seconds();
  EXPECT_GT(seconds, 0);
  Stages again = stages();
  EXPECT_EQ(again.seconds(), 0);
  for (int time = 0; time < 2; ++time)
    EXPECT_EQ(again.run({.name = "a", .title = "A", .arguments = {"val"}}), ran);
  EXPECT_EQ(again.seconds(), seconds) << "each stage counts once";
}

}  // namespace
}  // namespace octet
