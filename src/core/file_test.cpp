#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "core/program.h"
#include "testing/testing.h"

namespace octet {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

int64_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

TEST(File, IsWrittenWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const auto path = folder / "a.txt";
  write_text_file(path, "first");
  {
    AtomicPath target(path);
    std::ofstream(target.temporary()) << "half";
  }  // never committed
  EXPECT_EQ(read_text_file(path), "first");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(File, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { (void)read_file(folder / "none"); }), HasSubstr("none: no such file"));
  EXPECT_THAT(error_of([&] { (void)read_file(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { write_text_file(folder / "no/such/a", ""); }),
              HasSubstr("does not exist"));
}

// The name is new each time, and the file is there before anybody else can make it.
TEST(File, TemporaryNamesCannotBeGuessed) {
  const TemporaryFolder folder;
  const AtomicPath first(folder / "a.mp4"), second(folder / "a.mp4");
  EXPECT_NE(first.temporary(), second.temporary());
  EXPECT_EQ(first.temporary().parent_path(), folder.path());
  EXPECT_EQ(first.temporary().extension(), ".mp4");
  EXPECT_TRUE(fs::is_regular_file(first.temporary()));
}

TEST(File, LinksAreFollowedToTheirTarget) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "far");
  write_text_file(folder / "far" / "a.txt", "old");
  fs::create_symlink(folder / "far" / "a.txt", folder / "link");
  write_text_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text_file(folder / "far" / "a.txt"), "new");
  fs::create_symlink(folder / "nothing", folder / "lost");
  EXPECT_THAT(error_of([&] { write_text_file(folder / "lost", "x"); }),
              HasSubstr("lost: is a link that leads nowhere"));
  EXPECT_FALSE(fs::exists(folder / "nothing"));
}

TEST(File, DevicesAndPipesStayWhatTheyAre) {
  write_text_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  rotate_files("/dev/null", 3);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THAT(error_of([] { write_text_file("/dev/full", "x"); }), HasSubstr("/dev/full: cannot"));
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string heard;
  std::jthread reader([&] { std::getline(std::ifstream(pipe), heard); });
  write_text_file(pipe, "through the pipe\n");
  reader.join();
  EXPECT_EQ(heard, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

// The older versions of a file are of the file that a link leads to.
TEST(File, RotationLeavesTheLink) {
  const TemporaryFolder folder;
  write_text_file(folder / "real.txt", "1");
  fs::create_symlink(folder / "real.txt", folder / "link.txt");
  rotate_files(folder / "link.txt", 2);
  EXPECT_TRUE(fs::is_symlink(folder / "link.txt"));
  EXPECT_EQ(read_text_file(folder / "real.1.txt"), "1");
}

// No file grows beyond a few bytes, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit few{4, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &few);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST(File, TheOldOneMovesOnceTheNewOneIsComplete) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.txt";
  write_and_rotate(path, "first", 2);
  write_and_rotate(path, "second", 2);
  EXPECT_EQ(read_text_file(path), "second");
  EXPECT_EQ(read_text_file(folder / "a.1.txt"), "first");
  std::string error;
  {
    const FullDisk full;
    error = error_of([&] { write_and_rotate(path, "the third", 2); });
  }
  EXPECT_THAT(error, HasSubstr("a.txt: cannot write"));
  EXPECT_EQ(read_text_file(path), "second");
  EXPECT_EQ(read_text_file(folder / "a.1.txt"), "first");
  EXPECT_EQ(files_in(folder.path()), 2);
}

TEST(File, WhatBelongsTogetherIsWrittenTogether) {
  const TemporaryFolder folder;
  const auto weights = folder / "m.bin", graph = folder / "m.xml";
  write_files({{weights, as_bytes("old weights")}, {graph, as_bytes("old graph")}});
  // The second cannot be written: the first stays as it was.
  EXPECT_NE(error_of([&] {
              write_files({{weights, as_bytes("new")}, {folder / "no" / "m.xml", as_bytes("new")}});
            }),
            "");
  EXPECT_EQ(read_text_file(weights), "old weights");
  write_files({{weights, as_bytes("weights")}, {graph, as_bytes("graph")}});
  EXPECT_EQ(read_text_file(weights), "weights");
  EXPECT_EQ(read_text_file(graph), "graph");
  EXPECT_EQ(files_in(folder.path()), 2);
}

// A program of its own that is ended by `signal` while it does `work`.
template <typename Work>
int ended_by(int signal, Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(run_main([&] { work([signal] { ::kill(::getpid(), signal); }); }, ""));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(UnfinishedFiles, AreGoneAfterASignal) {
  const TemporaryFolder folder;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(ended_by(signal,
                       [&](auto end) {
                         const AtomicPath a(folder / "a.xml"), b(folder / "b.bin");
                         end();
                       }),
              signal);
    EXPECT_EQ(files_in(folder.path()), 0) << "after signal " << signal;
  }
}

TEST(UnfinishedFiles, ASignalWaitsUntilAllAreInPlace) {
  const TemporaryFolder folder;
  EXPECT_EQ(ended_by(SIGTERM,
                     [&](auto end) {
                       const SignalPause pause;
                       end();
                       write_text_file(folder / "a", "whole");
                     }),
            SIGTERM);
  EXPECT_EQ(read_text_file(folder / "a"), "whole");
}

}  // namespace
}  // namespace octet
