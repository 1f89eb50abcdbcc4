// What leaves a program: each case is a child of its own, whose descriptors are broken.
#include "core/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>

#include "core/log.h"
#include "core/program.h"
#include "core/progress.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Ended {
  int status = -1;  // 128 + the signal where one ended it
  std::string err;  // where it was not broken
};

// Runs `work` as a program's main does, after `prepare` in the same process.
Ended in_child(const std::function<void()>& prepare, const std::function<void()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) fail("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    prepare();
    ::_exit(run_main(work, "out of memory"));
  }
  ::close(ends[1]);
  Ended ended;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 0; (got = ::read(ends[0], bytes.data(), bytes.size())) > 0;)
    ended.err.append(bytes.data(), static_cast<size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

void give(int fd, const char* path) { ::dup2(::open(path, O_WRONLY), fd); }
void give_broken_pipe(int fd) {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(99);
  ::close(ends[0]);
  ::dup2(ends[1], fd);
  ::close(ends[1]);
}

TEST(Output, ThatIsLostIsAnError) {
  const auto print = [] { print_out("{}\n", "a result"); };
  for (const auto& broken : {std::function<void()>([] { give(STDOUT_FILENO, "/dev/full"); }),
                             std::function<void()>([] { ::close(STDOUT_FILENO); })}) {
    const Ended ended = in_child(broken, print);
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("octet: standard output: cannot be written"));
  }
  EXPECT_EQ(in_child([] { give(STDOUT_FILENO, "/dev/null"); }, print).status, 0);
}

TEST(Output, AReaderThatHasGoneIsNoError) {
  const Ended ended =
      in_child([] { give_broken_pipe(STDOUT_FILENO); }, [] { print_out("{}\n", "a result"); });
  EXPECT_EQ(ended.status, 128 + SIGPIPE) << "as with the signal";
  EXPECT_EQ(ended.err, "");
}

// A file that is opened never becomes standard output.
TEST(Output, AClosedDescriptorIsNotUsedAgain) {
  int opened = -1;
  const Ended ended = in_child(
      [] {
        ::close(STDIN_FILENO);
        ::close(STDOUT_FILENO);
      },
      [&] {
        opened = ::open("/dev/null", O_WRONLY);
        if (opened <= STDERR_FILENO) fail("descriptor {}", opened);
      });
  EXPECT_EQ(ended.err, "");
}

TEST(Output, ShowsTextsWithoutCommands) {
  const std::vector<std::string> names{"a\x1b[2J", "b\nc"};
  EXPECT_EQ(fmt::format("{}|{}", shown(names[0]), shown(fmt::join(names, "\n"))),
            "a\uFFFD[2J|a\uFFFD[2J\nb c");
}

TEST(Errors, AreSaidWithoutSecretsAndCommands) {
  const Ended ended = in_child(
      [] {},
      [] { fail("{}: rtsp://me:secret@camera/x?token=secret is not there", "a\x1b[31m\nb"); });
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.err, "octet: a\uFFFD[31m b: rtsp://camera/x is not there\n");
}

TEST(Errors, ThreadsThatCannotBeMadeAreSaid) {
  const Ended ended = in_child(
      [] {},
      [] {
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
      });
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("no further thread can be started"));
}

TEST(Log, ALineThatCannotBeWrittenIsNotFatal) {
  const auto say = [] {
    for (int i = 0; i < 3; ++i) log_info("line {}", i);
    const Progress progress(3);
  };
  for (const auto& broken : {std::function<void()>([] { give(STDERR_FILENO, "/dev/full"); }),
                             std::function<void()>([] { give_broken_pipe(STDERR_FILENO); }),
                             std::function<void()>([] { ::close(STDERR_FILENO); })})
    EXPECT_EQ(in_child(broken, say).status, 0);
}

TEST(Log, SaysHowManyLinesWereLost) {
  const Ended ended = in_child([] {},
                               [] {
                                 const int kept = ::dup(STDERR_FILENO);
                                 give(STDERR_FILENO, "/dev/full");
                                 log_info("lost");
                                 log_warning("lost, too");
                                 ::dup2(kept, STDERR_FILENO);
                                 log_info("heard");
                                 log_info("and on");
                               });
  EXPECT_EQ(ended.err, "heard\nwarning: (2 lines before the last could not be written)\nand on\n");
}

// Of a pipe that nobody reads only the first line that does not fit waits.
TEST(Log, AReaderThatStoppedDoesNotStopTheProgram) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto began = std::chrono::steady_clock::now();
  const Ended ended = in_child([&] { ::dup2(ends[1], STDERR_FILENO); },
                               [] {
                                 for (int i = 0; i < 100; ++i)
                                   log_info("{}", std::string(4000, 'x'));
                               });
  EXPECT_EQ(ended.status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Log, ALineIsOneLineWithoutSecrets) {
  for (const bool as_json : {false, true}) {
    const Ended ended = in_child([] { ::unsetenv("JOURNAL_STREAM"); },
                                 [as_json] {
                                   if (as_json) set_log_style(LogStyle::kJson);
                                   log_warning("{}: down: {}", "yard\nwarning: forged\x1b[1m",
                                               "http://u:pw@host/x?key=pw");
                                 });
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1);
    EXPECT_THAT(ended.err, HasSubstr("yard warning: forged\uFFFD[1m: down: http://host/x"));
    EXPECT_THAT(ended.err, Not(HasSubstr("pw")));
  }
}

}  // namespace
}  // namespace octet
