#include "compress/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/file.h"
#include "core/process.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

// A program in place of octet: it writes its arguments to calls.txt and prints JSON, or does what
// its first argument says.
class StagesTest : public testing::Test {
 protected:
  StagesTest() {
    write_text_file(program(), "#!/bin/sh\ntrap '' TERM\necho \"$@\" >> " +
                                   (folder_ / "calls.txt").string() + R"(
case $1 in
  fail) sleep 0.1; exit 1 ;;
  odd) echo text ;;
  slow) sleep 0.5; echo '{"x":1}' ;;
  *) echo '{"x":1}' ;;
esac
)");
    ::chmod(program().c_str(), 0700);
    set_stop_flag(stop_);
  }
  ~StagesTest() override {
    static const std::atomic<bool> never = false;
    set_stop_flag(never);
  }
  [[nodiscard]] std::filesystem::path program() const { return folder_ / "program.sh"; }
  [[nodiscard]] Stages stages(const std::string& key = "key", bool replace = false) const {
    return {folder_ / "work", program(), key, replace};
  }
  [[nodiscard]] std::string calls() const {
    const auto file = folder_ / "calls.txt";
    return std::filesystem::exists(file) ? read_text_file(file) : "";
  }

  std::atomic<bool> stop_ = false;
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
  EXPECT_THAT(error_of([&] { (void)stages().run(train); }), HasSubstr("T: did not succeed"));
  EXPECT_FALSE(std::filesystem::exists(last));
  write_text_file(last, "");  // of this one
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

// Times and plans are made again in a minute.
TEST_F(StagesTest, WorkWithoutACommandIsReplaced) {
  int times = 0;
  const auto time = [&] { return nlohmann::ordered_json{{"seconds", ++times}}; };
  (void)stages().keep("time", time);
  (void)stages("other").keep("time", time);
  EXPECT_EQ(times, 2);
  (void)stages("other").run({.name = "a", .title = "A", .arguments = {"val"}});
  EXPECT_THAT(error_of([&] { (void)stages(); }), HasSubstr("--overwrite replaces it"));
}

TEST_F(StagesTest, StagesWithoutAKeyAreOfAnotherWork) {
  const StageCommand one{.name = "a", .title = "A", .arguments = {"val"}};
  (void)stages().run(one);
  std::filesystem::remove(folder_ / "work/compress.json");
  EXPECT_THAT(error_of([&] { (void)stages(); }), HasSubstr("--overwrite replaces it"));
  (void)stages("key", true).run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\n");
}

// As the message of an interruption says.
TEST_F(StagesTest, ReplacementGoesOnUntilItIsFinished) {
  const StageCommand one{.name = "a", .title = "A", .arguments = {"val"}};
  (void)stages().run(one);
  (void)stages("key", true).run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\n") << "begins anew";
  Stages again = stages("key", true);
  (void)again.run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\n") << "goes on";
  again.finish();
  (void)stages().run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\n");
  (void)stages("key", true).run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\nval --json\n") << "was finished";
  write_text_file(folder_ / "work/compress.json", "{");
  (void)stages("key", true).run(one);
  EXPECT_EQ(calls(), "val --json\nval --json\nval --json\nval --json\n") << "was damaged";
}

// The request to stop comes while the command writes its last line.
TEST_F(StagesTest, KeepWhatEndsAfterTheRequestToStop) {
  const StageCommand slow{.name = "s", .title = "S", .arguments = {"slow"}};
  std::thread user([&] {
    while (calls().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    stop_ = true;
  });
  EXPECT_THAT(error_of([&] { (void)stages().run(slow); }), HasSubstr("interrupted"));
  user.join();
  stop_ = false;
  EXPECT_EQ(stages().run(slow).at("x"), 1);
  EXPECT_EQ(calls(), "slow --json\n");
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

TEST_F(StagesTest, SecondsOfRunsThatStoppedCount) {
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(
        error_of([&] { (void)stages().run({.name = "a", .title = "A", .arguments = {"fail"}}); }),
        HasSubstr("did not succeed"));
  }
  Stages last = stages();
  (void)last.run({.name = "a", .title = "A", .arguments = {"val"}});
  EXPECT_GT(last.seconds(), 0.2);
}

}  // namespace
}  // namespace octet
