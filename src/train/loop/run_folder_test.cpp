#include "train/loop/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/folder.h"
#include "format/model_file.h"
#include "testing/testing.h"
#include "train/loop/run_state.h"
#include "train/network/float_network.h"

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

void write_state(const fs::path& file) {
  FloatNetwork net(tiny());
  WeightAverage average(net, {});
  Optimizer optimizer(OptimizerKind::kSgd, net.parameters(), {});
  write_run(file, tiny(), {.epoch = 3}, "key", net, average, optimizer);
}

TEST(RunFolder, EarlierRunIsRefusedContinuedOrReplaced) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  prepare_run_folder({.path = run}, tiny());
  prepare_run_folder({.path = run}, tiny());  // an empty folder is no run
  write_state(run / "last.safetensors");
  write_text_file(run / "results.csv", "");
  write_text_file(run / "notes.txt", "");
  EXPECT_THAT(error_of([&] { prepare_run_folder({.path = run}, tiny()); }),
              AllOf(HasSubstr(run.string() + ": holds an earlier run"), HasSubstr("--resume"),
                    HasSubstr("--overwrite")));
  EXPECT_THAT(error_of([&] { prepare_run_folder({.path = run, .states = {}}, tiny()); }),
              AllOf(HasSubstr("--overwrite"), Not(HasSubstr("--resume"))));
  prepare_run_folder({.path = run, .earlier = EarlierRun::kResume}, tiny());
  remove_earlier_run({.path = run, .earlier = EarlierRun::kResume});
  EXPECT_TRUE(fs::exists(run / "results.csv"));
  prepare_run_folder({.path = run, .earlier = EarlierRun::kReplace}, tiny());
  EXPECT_TRUE(fs::exists(run / "results.csv")) << "the data may still be refused";
  remove_earlier_run({.path = run, .earlier = EarlierRun::kReplace});
  EXPECT_FALSE(fs::exists(run / "results.csv"));
  EXPECT_TRUE(fs::exists(run / "notes.txt"));
}

TEST(RunFolder, ModelsThatAreReadStay) {
  const TemporaryFolder folder;
  write_text_file(folder / "best.safetensors", "");
  fs::create_symlink(folder / "best.safetensors", folder / "link.safetensors");
  RunFolder run{.path = folder.path(),
                .earlier = EarlierRun::kReplace,
                .inputs = {folder / "other.safetensors", folder / "link.safetensors"}};
  EXPECT_THAT(error_of([&] { prepare_run_folder(run, tiny()); }),
              HasSubstr("link.safetensors: is read by this run, which would replace it; name "
                        "another with -o"));
  run.inputs.pop_back();
  prepare_run_folder(run, tiny());
  write_state(folder / "last.safetensors");
  run.inputs = {folder / "last.safetensors"};
  run.earlier = EarlierRun::kResume;
  EXPECT_THAT(error_of([&] { prepare_run_folder(run, tiny()); }),
              HasSubstr("give the model that the run was begun with"));
}

// Where nothing can be resumed, that is said before any image is read, and --resume is not advised.
TEST(RunFolder, ResumesWhatHasAState) {
  const TemporaryFolder folder;
  const RunFolder run{.path = folder.path(), .earlier = EarlierRun::kResume};
  const auto refusal = [&](const RunFolder& of) {
    return error_of([&] { prepare_run_folder(of, tiny()); });
  };
  EXPECT_THAT(refusal(run), HasSubstr("there is no run to resume; leave out --resume"));
  write_text_file(folder / "results.csv", "");
  EXPECT_THAT(refusal(run), HasSubstr("there is no run to resume; --overwrite begins anew"));
  EXPECT_THAT(refusal({.path = folder.path()}),
              AllOf(HasSubstr("--overwrite"), Not(HasSubstr("--resume"))));
  write_model_file(folder / "last.safetensors", tiny(), StorageKind::kF32);
  EXPECT_THAT(refusal(run), HasSubstr("holds a model, but not the state of a run"));
  write_state(folder / "last.safetensors");
  EXPECT_EQ(refusal(run), "");
  EXPECT_EQ(read_position(folder / "last.safetensors").epoch, 3);
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
              HasSubstr("int8.safetensors: is the result of an earlier run; --overwrite"));
  make_folder(folder / "run");
  write_text_file(folder / "run/best.safetensors", "");
  EXPECT_THAT(error_of([&] {
                prepare_run_folder({.path = folder / "run", .also = {folder / "int8.safetensors"}},
                                   tiny());
              }),
              HasSubstr("run: holds an earlier run (best.safetensors); --overwrite"));
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
