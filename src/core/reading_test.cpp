// What bounds the reading of files that somebody else wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/budget.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/hash.h"
#include "core/json/parse_json.h"
#include "core/yaml/yaml_text.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

TEST(Budget, FollowsFromTheFilesSize) {
  Budget budget("a.bin", 1 << 20);
  EXPECT_EQ(Budget::limit_of(1 << 20), Budget::kFloorBytes + (20U << 20));
  budget.take(51U << 20);  // the file's own bytes are taken already
  EXPECT_THAT(error_of([&] { budget.take(1); }), HasSubstr("a.bin: reading it would take more"));
  EXPECT_THAT(error_of([&] { budget.take(1); }), HasSubstr("more than 52 MB"));
}

TEST(Budget, SumsDoNotOverflow) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  Budget budget("a.bin", 0);
  EXPECT_NE(error_of([&] { budget.take(kMost, kMost); }), "");
  EXPECT_NE(error_of([&] { budget.take(kMost / 2 + 2, 2); }), "");
  budget.take(kMost, 0);
  EXPECT_EQ(Budget::limit_of(kMost / 2), kMost);
}

TEST(Budget, BoundsDepth) {
  const Budget budget("a.json", 10, 3);
  budget.require_depth(3);
  EXPECT_THAT(error_of([&] { budget.require_depth(4); }), HasSubstr("a.json: is nested deeper"));
}

// Nobody writes into the FIFO: who opened it to read would wait for ever.
TEST(InputFile, OpensRegularFilesOnly) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& name) {
    return error_of([&] { (void)read_file(folder / name); });
  };
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(message("fifo"), HasSubstr("fifo: is not a regular file"));
  EXPECT_THAT(error_of([&] { require_file(folder / "fifo"); }), HasSubstr("not a regular file"));
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, (folder / "s").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(message("s"), HasSubstr("s: is not a regular file"));
  ::close(listening);
  fs::create_directory(folder / "d");
  EXPECT_THAT(message("d"), HasSubstr("d: is a folder, a file is expected"));
  fs::create_symlink("fifo", folder / "link");
  EXPECT_THAT(message("link"), HasSubstr("link: is not a regular file"));
  fs::create_symlink("loop", folder / "loop");
  EXPECT_THAT(message("loop"), HasSubstr("loop: cannot open"));
  EXPECT_THAT(error_of([] { (void)read_file("/dev/zero"); }), HasSubstr("not a regular file"));
}

TEST(InputFile, SizesAreBounded) {
  const TemporaryFolder folder;
  write_text_file(folder / "sparse", "");
  fs::resize_file(folder / "sparse", uintmax_t{1} << 40);
  EXPECT_THAT(error_of([&] { (void)read_file(folder / "sparse"); }),
              HasSubstr("sparse: has 1099511627776 bytes; 4294967296 are the most"));
  write_text_file(folder / "text", "12345");
  EXPECT_EQ(read_text_file(folder / "text", 5), "12345");
  EXPECT_THAT(error_of([&] { (void)read_text_file(folder / "text", 4); }), HasSubstr("5 bytes"));
  EXPECT_TRUE(read_file("/proc/self/status").empty()) << "a file that says it is empty";
}

bool any(const fs::path&) { return true; }

TEST(Folder, LinksAreFollowedOnce) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a/b");
  write_text_file(folder / "a/1", "");
  write_text_file(folder / "a/b/2", "");
  fs::create_directory_symlink("..", folder / "a/up");
  fs::create_directory_symlink(".", folder / "a/b/self");
  fs::create_directory_symlink("a/b", folder / "0");  // before "a" by its name
  fs::create_symlink("nowhere", folder / "a/broken");
  EXPECT_THAT(files_below(folder.path(), any), ElementsAre(folder / "a/1", folder / "a/b/2"));
  const TemporaryFolder other;
  write_text_file(other / "3", "");
  fs::create_directory_symlink(other.path(), folder / "x");
  EXPECT_THAT(files_below(folder / "x", any), ElementsAre(folder / "x/3"));
  EXPECT_EQ(files_below(folder.path(), any).size(), 3U);
}

TEST(Folder, DepthIsBounded) {
  const TemporaryFolder folder;
  fs::path deep = folder.path();
  for (int i = 0; i <= kMaxFolderDepth; ++i) deep /= "d";
  fs::create_directories(deep);
  EXPECT_THAT(error_of([&] { (void)files_below(folder.path(), any); }), HasSubstr("nested deeper"));
}

TEST(Folder, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { (void)list_folder(folder / "none"); }),
              HasSubstr("none: this folder cannot be read"));
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  fs::create_directory(folder / "shut");
  fs::permissions(folder / "shut", fs::perms::none);
  EXPECT_THAT(error_of([&] { (void)files_below(folder.path(), any); }),
              HasSubstr("shut: this folder cannot be read"));
}

TEST(ContentHash, SeesEveryByte) {
  std::string text(100, 'a');
  const auto hash_of = [](const std::string& t) {
    ContentHash hash;
    hash.add(t);
    return hash.value();
  };
  const uint64_t whole = hash_of(text);
  for (size_t i = 0; i < text.size(); ++i) {
    text[i] = 'b';
    EXPECT_NE(hash_of(text), whole) << i;
    text[i] = 'a';
  }
  EXPECT_NE(hash_of(text + std::string(1, '\0')), whole);
}

std::string repeated(const std::string& piece, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(Json, IsBoundedByTheTextsSize) {
  const auto message = [](const std::string& text) {
    return error_of([&] {
      Budget budget("a.json", text.size());
      (void)parse_json(text, budget);
    });
  };
  EXPECT_THAT(message(repeated("[", 200)), HasSubstr("a.json: is nested deeper"));
  EXPECT_THAT(message("[" + repeated("[],", 3'000'000) + "[]]"), HasSubstr("a.json: reading it"));
  EXPECT_THAT(message("[" + repeated("{\"\":{}},", 2'000'000) + "1]"), HasSubstr("more than"));
  EXPECT_EQ(message("[" + repeated("0,", 3'000'000) + "1]"), "") << "many numbers are no bomb";
  Budget budget("a.json", 10);
  EXPECT_EQ(parse_json(R"({"a":[1,"x"]})", budget)["a"][1], "x");
  EXPECT_THROW((void)parse_json("{", budget), nlohmann::json::exception);
}

TEST(Yaml, IsBoundedByTheTextsSize) {
  EXPECT_THAT(error_of([] { (void)load_yaml("[" + repeated("a,", 200'000) + "a]", "a.yaml"); }),
              HasSubstr("a.yaml: reading it would take more"));
  EXPECT_THAT(error_of([] { (void)load_yaml(std::string(17U << 20, ' '), "a.yaml"); }),
              HasSubstr("17 MB of YAML; 16 are the most"));
}

std::vector<std::string> names_of(const std::string& text) {
  return names_from_yaml(load_yaml(text, "d.yaml"), "d.yaml");
}

TEST(Yaml, NamesAreAListOrAMap) {
  EXPECT_THAT(names_of("[a, 'b c']"), ElementsAre("a", "b c"));
  EXPECT_THAT(names_of("{1: b, 0: a}"), ElementsAre("a", "b"));
  EXPECT_THAT(names_of(R"({"0": a, "1": b})"), ElementsAre("a", "b"));
  for (const char* wrong : {"{0: a, 2: b}", "{0: a, 0: b}", "{-1: a}", "{x: a}", "[a, [b]]", "[~]",
                            "{0: a, 99999999999999999999: b}", "{[0]: a}"})
    EXPECT_THAT(error_of([&] { (void)names_of(wrong); }), HasSubstr("'names' lacks class"))
        << wrong;
  EXPECT_THAT(error_of([] { (void)names_of("[]"); }), HasSubstr("'names' is empty"));
  EXPECT_THAT(error_of([] { (void)names_of("3"); }), HasSubstr("has no 'names'"));
}

// Of a map that is searched for every class this would be 200 million comparisons of nodes.
TEST(Yaml, ManyNamesTakeNoTime) {
  std::string text;
  for (int i = 20'000; i-- > 0;) text += std::to_string(i) + ": name\n";
  const std::clock_t began = std::clock();
  EXPECT_EQ(names_of(text).size(), 20'000U);
  EXPECT_LT((std::clock() - began) / CLOCKS_PER_SEC, 10) << "seconds of the processor";
}

}  // namespace
}  // namespace octet
