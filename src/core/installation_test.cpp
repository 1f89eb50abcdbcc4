#include "core/installation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/file.h"
#include "core/process.h"
#include "testing/testing.h"

namespace octet {
namespace {

namespace fs = std::filesystem;

class Installation : public ::testing::Test {
 protected:
  Installation() { ::setenv("OCTET_MODULES", folder_.path().c_str(), 1); }
  ~Installation() override { ::unsetenv("OCTET_MODULES"); }
  TemporaryFolder folder_;
};

TEST_F(Installation, OfAProgramIsItsFolder) { EXPECT_EQ(own_folder(), program_folder()); }

TEST_F(Installation, AModuleOfTheNamedFolderComesFirst) {
  const std::string own = fs::read_symlink("/proc/self/exe").filename();
  EXPECT_EQ(find_module(own), program_folder() / own);
  write_text_file(folder_ / own, "");
  EXPECT_EQ(find_module(own), folder_ / own);
}

TEST_F(Installation, AMissingModuleWouldStandBesideTheProgram) {
  EXPECT_EQ(find_module("no_such_module.so"), program_folder() / "no_such_module.so");
}

TEST_F(Installation, AProgramCanBeStarted) {
  EXPECT_EQ(find_program("no_such_program"), "");
  write_text_file(folder_ / "no_such_program", "");
  EXPECT_EQ(find_program("no_such_program"), "");
  fs::permissions(folder_ / "no_such_program", fs::perms::owner_all);
  EXPECT_EQ(find_program("no_such_program"), folder_ / "no_such_program");
  fs::create_directory(folder_ / "no_such_folder");
  EXPECT_EQ(find_program("no_such_folder"), "") << "lib/octet has the modules";
}

TEST_F(Installation, DataLiesInTheSourceCodeOfABuild) {
  EXPECT_EQ(find_data("models/yolov8n-int8.safetensors").filename(), "yolov8n-int8.safetensors");
  EXPECT_EQ(find_data("models/no_such_model.safetensors"), "");
}

}  // namespace
}  // namespace octet
