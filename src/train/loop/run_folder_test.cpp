#include "train/loop/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/folder.h"
#include "format/model_file.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

const Model& tiny() {
  static const Model model =
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  return model;
}

TEST(RunFolder, EarlierRunIsRefusedContinuedOrReplaced) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  prepare_run_folder({.path = run}, tiny());
  prepare_run_folder({.path = run}, tiny());  // an empty folder is no run
  write_text_file(run / "results.csv", "");
  write_text_file(run / "notes.txt", "");
  EXPECT_THAT(error_of([&] { prepare_run_folder({.path = run}, tiny()); }),
              AllOf(HasSubstr(run.string() + ": holds an earlier run"), HasSubstr("--resume"),
                    HasSubstr("--overwrite")));
  EXPECT_THAT(error_of([&] { prepare_run_folder({.path = run, .resumable = false}, tiny()); }),
              AllOf(HasSubstr("--overwrite"), Not(HasSubstr("--resume"))));
  prepare_run_folder({.path = run, .earlier = EarlierRun::kResume}, tiny());
  EXPECT_TRUE(fs::exists(run / "results.csv"));
  prepare_run_folder({.path = run, .earlier = EarlierRun::kReplace}, tiny());
  EXPECT_FALSE(fs::exists(run / "results.csv"));
  EXPECT_TRUE(fs::exists(run / "notes.txt"));
}

TEST(RunFolder, IsRemovedWhereTheRunMadeItAndLeftNothing) {
  const TemporaryFolder folder;
  for (const bool writes : {false, true}) {
    {
      const EmptyFolder guard(folder / "run");
      prepare_run_folder({.path = folder / "run"}, tiny());
      if (writes) write_text_file(folder / "run/last.safetensors", "");
    }
    EXPECT_EQ(fs::exists(folder / "run"), writes);
  }
  make_folder(folder / "own");
  { const EmptyFolder guard(folder / "own"); }
  EXPECT_TRUE(fs::exists(folder / "own")) << "it was there before";
}

TEST(RunFolder, ResultElsewhereIsARunToo) {
  const TemporaryFolder folder;
  write_text_file(folder / "int8.safetensors", "");
  EXPECT_THAT(error_of([&] {
                prepare_run_folder({.path = folder / "run", .also = {folder / "int8.safetensors"}},
                                   tiny());
              }),
              HasSubstr("int8.safetensors: is the result of an earlier run; --resume"));
  make_folder(folder / "run");
  write_text_file(folder / "run/best.safetensors", "");
  EXPECT_THAT(error_of([&] {
                prepare_run_folder({.path = folder / "run", .also = {folder / "int8.safetensors"}},
                                   tiny());
              }),
              HasSubstr("run: holds an earlier run (best.safetensors); --resume"));
}

TEST(RunFolder, NamesTheFolderThatCannotBeUsed) {
  const TemporaryFolder folder;
  write_text_file(folder / "file", "");
  EXPECT_THAT(error_of([&] { prepare_run_folder({.path = folder / "file/run"}, tiny()); }),
              HasSubstr((folder / "file/run").string()));
  EXPECT_THAT(error_of([] { require_room("/proc", 1); }), HasSubstr("/proc: no file can be made"));
  EXPECT_THAT(error_of([&] { require_room(folder.path(), uint64_t{1} << 60); }),
              AllOf(HasSubstr(folder.path().string()), HasSubstr("MB are free")));
  require_room(folder.path(), 1);
  EXPECT_TRUE(fs::is_empty(folder.path()) || fs::exists(folder / "file"));
}

}  // namespace
}  // namespace octet
