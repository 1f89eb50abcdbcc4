#include "core/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core/log.h"
#include "core/output.h"
#include "core/terminal.h"
#include "core/text/fit_text.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;
using testing::Not;
using Seconds = WorkEstimate::Seconds;

// Everything that `work` writes in a process whose standard streams are a terminal of so many columns.
std::string on_terminal(int columns_wide, const std::function<void()>& work) {
  const winsize size{.ws_row = 24,
                     .ws_col = static_cast<unsigned short>(columns_wide),
                     .ws_xpixel = 0,
                     .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    ::unsetenv("JOURNAL_STREAM");
    work();
    ::_exit(0);
  }
  std::string text;
  char part[4096];
  for (ssize_t n = ::read(terminal, part, sizeof part); n > 0;
       n = ::read(terminal, part, sizeof part))
    text.append(part, static_cast<size_t>(n));
  ::waitpid(child, nullptr, 0);
  ::close(terminal);
  return text;
}

class OnTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (has_other_threads()) GTEST_SKIP() << "a child of this process works without its threads";
  }
};

// What the terminal shows in the end, and the widest line that it ever showed. It knows line feeds,
// carriage returns and the command that erases a line.
struct Screen {
  std::vector<std::string> lines{""};
  int widest = 0;

  explicit Screen(const std::string& written) {
    for (size_t i = 0; i < written.size(); ++i) {
      if (written.compare(i, 3, "\033[K") == 0) {
        lines.back().clear();
        i += 2;
      } else if (written[i] == '\n') {
        lines.emplace_back();
      } else if (written[i] != '\r') {
        lines.back() += written[i];
        widest = std::max(widest, columns(lines.back()));
      }
    }
  }
};

void work_a_little(int64_t total) {
  Progress progress(total, "reading images");
  for (int i = 1; i <= 4; ++i) {
    progress.update(
        i, "a note that is longer than most terminals are wide: Bäckerei 犬犬犬犬犬犬犬犬犬");
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
  }
}

TEST_F(OnTerminal, ProgressFitsAndLeavesNothing) {
  for (const int width : {1, 20, 60, 80, 200}) {
    const std::string written = on_terminal(width, [] {
      work_a_little(4);
      work_a_little(0);
    });
    const Screen screen(written);
    EXPECT_LT(screen.widest, std::max(width, 2)) << written;
    EXPECT_EQ(screen.lines, std::vector<std::string>{""}) << written;
    if (width >= 60) {
      EXPECT_THAT(written, HasSubstr("] 50 %"));
    }
  }
}

TEST_F(OnTerminal, ProgressStepsAsideForOtherOutput) {
  const Screen screen(on_terminal(60, [] {
    Progress progress(2, "detection");
    progress.update(1);
    log_info("a line of the log");
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.update(2);
    print_out("a result\n");
    finish_output();
  }));
  EXPECT_EQ(screen.lines, (std::vector<std::string>{"a line of the log", "a result", ""}));
}

TEST_F(OnTerminal, OnlyTheOuterProgressIsShown) {
  const std::string written = on_terminal(80, [] {
    Progress outer(2, "layers");
    outer.update(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    Progress inner(2, "validation");
    inner.update(1);
  });
  EXPECT_THAT(written, HasSubstr("layers"));
  EXPECT_THAT(written, Not(HasSubstr("validation")));
}

// A pipe is silent at first; then it has a line of the log.
TEST(Progress, APipeGetsALineEveryTenSeconds) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::unsetenv("JOURNAL_STREAM");
    Progress progress(110, "reading images");
    for (int i = 1; i <= 104; ++i) {
      progress.update(i);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text(1000, '\0');
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  EXPECT_THAT(text, testing::MatchesRegex("[0-9]+ %, [0-9]+ s left, reading images\n"));
}

TEST(WorkEstimate, IsOneOverAllPhases) {
  WorkEstimate estimate({{.name = "calibration", .work = 100},
                         {.name = "training", .work = 300, .times = 2},
                         {.name = "validation", .work = 50, .times = 2}});
  EXPECT_FALSE(estimate.left());
  estimate.advance("calibration", 0.5, Seconds(5));
  EXPECT_DOUBLE_EQ(estimate.share(), 50.0 / 800);
  EXPECT_FALSE(estimate.left()) << "training is most of the work, and its speed is not known";
  estimate.finish("calibration", 1, Seconds(10));
  estimate.finish("training", 1, Seconds(300));
  // Training takes a second a unit, validation is guessed from both.
  EXPECT_NEAR(estimate.left()->count(), 300 + 100 * 310.0 / 400, 1e-9);
  estimate.finish("validation", 1, Seconds(5));
  estimate.finish("training", 1, Seconds(300));
  EXPECT_NEAR(estimate.left()->count(), 5, 1e-9);
  estimate.finish("validation", 1, Seconds(5));
  EXPECT_EQ(estimate.share(), 1);
  EXPECT_EQ(estimate.left()->count(), 0);
  estimate.finish("validation", 1, Seconds(5));
  EXPECT_EQ(estimate.left()->count(), 0) << "more often than planned";
}

TEST(WorkEstimate, TheBeginningTellsNothing) {
  WorkEstimate estimate({{.name = "comparing engines", .work = 100}});
  estimate.advance("comparing engines", 0.03, Seconds(20));
  EXPECT_FALSE(estimate.left());
  estimate.advance("comparing engines", 0.03, Seconds(40));
  EXPECT_TRUE(estimate.left()) << "a long work";
  estimate.advance("comparing engines", 0.1, Seconds(20));
  EXPECT_NEAR(estimate.left()->count(), 180, 1e-9);
}

TEST(WorkEstimate, AnEarlierRunIsNoWork) {
  WorkEstimate estimate({{.name = "training", .work = 1, .times = 10}});
  estimate.leave_out("training", 8);
  estimate.finish("training", 1, Seconds(60));
  EXPECT_EQ(estimate.share(), 0.5);
  EXPECT_NEAR(estimate.left()->count(), 60, 1e-9);
}

TEST(TimeLeft, IsNeverNegative) {
  EXPECT_EQ(time_left(Seconds(-3)), "0 s left");
  EXPECT_EQ(time_left(Seconds(0.2)), "1 s left");
  EXPECT_EQ(time_left(Seconds(90)), "90 s left");
  EXPECT_EQ(time_left(Seconds(100)), "2 min left");
  EXPECT_EQ(time_left(Seconds(3600 * 2 + 300)), "2 h 5 min left");
}

TEST_F(OnTerminal, ColoursAreAllowed) {
  EXPECT_THAT(on_terminal(80,
                          [] {
                            ::setenv("TERM", "xterm", 1);
                            ::unsetenv("NO_COLOR");
                            print_out("{}", may_colour(STDOUT_FILENO));
                            ::setenv("NO_COLOR", "1", 1);
                            print_out("{}", may_colour(STDOUT_FILENO));
                            print_out(" {}", columns_of(STDOUT_FILENO));
                            finish_output();
                          }),
              testing::Eq("truefalse 80"));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(may_colour(ends[1]));
  EXPECT_EQ(columns_of(ends[1]), 80);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace octet
