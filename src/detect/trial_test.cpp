#include "detect/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/file.h"
#include "engine/registry.h"
#include "format/checkpoint/checkpoint.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;

constexpr Size kSize{64, 64};

class Trial : public ::testing::Test {
 protected:
  Trial() {
    ::unsetenv("STATE_DIRECTORY");
    ::setenv("XDG_STATE_HOME", folder_.path().c_str(), 1);
    Model model = read_checkpoint(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
    content_ =
        make_export(export_format("onnx"), fold_batch_norm(std::move(model)), {.size = kSize});
  }
  [[nodiscard]] size_t records() const {
    const fs::path trials = folder_ / "octet/trials";
    if (!fs::exists(trials)) return 0;
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(trials), fs::directory_iterator{}));
  }
  [[nodiscard]] std::string try_it(const std::string& engine = "onnxruntime") const {
    const auto opened = load_engine(engine);
    return error_of([&] { try_network(*opened, source_of(content_, "m.onnx"), kSize, {}); });
  }

  TemporaryFolder folder_;
  ExportContent content_;
};

TEST_F(Trial, IsRememberedByContentAndEngine) {
  EXPECT_EQ(try_it(), "");
  EXPECT_EQ(records(), 1U);
  EXPECT_EQ(try_it(), "");
  EXPECT_EQ(records(), 1U);
  EXPECT_EQ(try_it("openvino"), "");
  EXPECT_EQ(records(), 2U);
}

TEST_F(Trial, SaysWhatTheEngineSays) {
  content_.main = "no model";
  const std::string said = try_it();
  EXPECT_THAT(said, HasSubstr("m.onnx: "));
  EXPECT_EQ(records(), 0U);
}

// The record of one file is none of another.
TEST_F(Trial, IsOfEveryByte) {
  EXPECT_EQ(try_it(), "");
  content_.main.back() = static_cast<char>(content_.main.back() ^ 1);
  (void)try_it();
  content_.main += "x";
  EXPECT_NE(try_it(), "");
  EXPECT_LE(records(), 2U);
}

TEST_F(Trial, ALinkIsNoRecord) {
  EXPECT_EQ(try_it(), "");
  const fs::path record = *fs::directory_iterator(folder_ / "octet/trials");
  fs::remove(record);
  fs::create_symlink("/dev/null", record);
  EXPECT_EQ(try_it(), "");
  EXPECT_FALSE(fs::is_symlink(record)) << "it was tried again";
}

}  // namespace
}  // namespace octet
