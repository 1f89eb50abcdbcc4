#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <yaml-cpp/yaml.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "core/concurrency/queue.h"
#include "core/concurrency/shared_pool.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/numeric/byte_table.h"
#include "core/numeric/duration_histogram.h"
#include "core/numeric/half.h"
#include "core/numeric/quantile.h"
#include "core/process.h"
#include "core/size.h"
#include "core/yaml/yaml_text.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

TEST(Half, EveryFiniteValueSurvives) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) continue;
    EXPECT_EQ(float_to_half(value), half) << bits;
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(half_to_float(float_to_half(1.0F + 1.0F / 2048)), 1.0F);  // a tie goes to the even one
  EXPECT_EQ(half_to_float(float_to_half(1.0F + 3.0F / 2048)), 1.0F + 2.0F / 1024);
  EXPECT_TRUE(std::isinf(half_to_float(float_to_half(1e6F))));
  EXPECT_EQ(float_to_half(65519.0F), 0x7BFF);
}

TEST(ByteTable, LooksUpEveryByteAtEveryLength) {
  ByteTable table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<uint8_t>(i * 77 + i / 16 + 3);
  for (size_t length = 0; length < 600; ++length) {
    std::vector<uint8_t> from(length), to(length + 1, 1);
    for (size_t i = 0; i < length; ++i) from[i] = static_cast<uint8_t>(i * 7 + length);
    for (const LookUp way : ways_to_look_up()) {
      way(from.data(), to.data(), length, table);
      for (size_t i = 0; i < length; ++i) ASSERT_EQ(to[i], table[from[i]]) << i << " of " << length;
      EXPECT_EQ(to[length], 1) << "beyond the end";
    }
  }
}

TEST(Size, Parses) {
  EXPECT_EQ(SizeOption::parse("640").size, (Size{640, 640}));
  EXPECT_FALSE(SizeOption::parse("640").exact);
  EXPECT_EQ(SizeOption::parse("640x384").size, (Size{640, 384}));
  for (const char* wrong : {"", "x", "641", "640x", "640x384x3", "-32", "0", "9000000", "64O"}) {
    EXPECT_THROW((void)SizeOption::parse(wrong), Error) << wrong;
  }
  EXPECT_THAT(error_of([] { (void)SizeOption::parse("650"); }), HasSubstr("try 640"));
}

TEST(Size, FittingRectangleHoldsThePicture) {
  EXPECT_EQ(fitting_rectangle(640, {768, 432}), (Size{640, 384}));
  EXPECT_EQ(fitting_rectangle(640, {1920, 1080}), (Size{640, 384}));
  EXPECT_EQ(fitting_rectangle(640, {480, 640}), (Size{480, 640}));
  EXPECT_EQ(fitting_rectangle(640, {10000, 1}), (Size{640, 32}));
}

TEST(BoundedQueue, KeepsOrderAndEndsWithClose) {
  BoundedQueue<int> queue(2);
  std::jthread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.push(i);
    queue.close();
  });
  int expected = 0;
  while (const auto item = queue.pop()) EXPECT_EQ(*item, expected++);
  EXPECT_EQ(expected, 1000);
  EXPECT_FALSE(queue.push(1));
}

TEST(BoundedQueue, TryPushNeverWaits) {
  BoundedQueue<int> queue(1);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item));
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.pop(), 1);
  queue.close();
  EXPECT_FALSE(queue.try_push(item));
}

TEST(DurationHistogram, QuantilesAreWithinAPercent) {
  using Milliseconds = DurationHistogram::Milliseconds;
  DurationHistogram h;
  EXPECT_EQ(h.quantile_ms(0.5), 0);
  for (int i = 1; i <= 1000; ++i) h.add(Milliseconds(i));
  EXPECT_NEAR(h.quantile_ms(0.5), 500, 5.1);
  EXPECT_NEAR(h.quantile_ms(0.99), 990, 10);
  EXPECT_NEAR(h.quantile_ms(0), 1, 0.02);
  h.add(Milliseconds(1e12));  // and what no cell is for
  h.add(Milliseconds(-1));
  EXPECT_EQ(h.count(), 1002);
}

TEST(Yaml, RefusesBombs) {
  EXPECT_THAT(error_of([] { (void)load_yaml(std::string(5000, '['), "x.yaml"); }),
              HasSubstr("x.yaml"));
  EXPECT_THAT(error_of([] { (void)load_yaml("a: &a [1]\nb: *a\n", "x.yaml"); }),
              HasSubstr("aliases"));
  EXPECT_EQ(load_yaml("a: 1", "x.yaml")["a"].as<int>(), 1);
  EXPECT_THAT(error_of([] { (void)load_yaml("a: 1\n---\na: 2\n", "x.yaml"); }),
              HasSubstr("x.yaml: holds a second YAML document"));
}

TEST(Process, AProgramThatIsNotThereIsAResult) {
  const ProgramResult none = run_program({"octet-has-no-such-program", "x"});
  EXPECT_FALSE(none.installed);
  EXPECT_NE(none.status, 0);
  const ProgramResult there = run_program({"sh", "-c", "echo said; exit 3"});
  EXPECT_TRUE(there.installed);
  EXPECT_EQ(there.status, 3);
  EXPECT_EQ(there.out, "said\n");
  const TemporaryFolder folder;
  write_text_file(folder / "no-program", "x");
  EXPECT_NE(error_of([&] {
              (void)run_program({(folder / "no-program").string()});
            }).find("cannot be started"),
            std::string::npos);
}

TEST(Process, AProgramThatTakesTooLongIsEnded) {
  const TemporaryFolder folder;
  const ProgramResult ended =
      run_program({"sh", "-c", "echo first; echo why >&2; exec sleep 60"},
                  {.at_most = std::chrono::milliseconds(300), .errors = folder / "errors"});
  EXPECT_TRUE(ended.timed_out);
  EXPECT_EQ(ended.status, 128 + SIGTERM);
  EXPECT_EQ(ended.out, "first\n");
  EXPECT_EQ(read_text_file(folder / "errors"), "why\n");
  EXPECT_FALSE(run_program({"true"}, {.at_most = std::chrono::seconds(60)}).timed_out);
}

TEST(Quantile, IsTheValueThatTheShareDoesNotExceed) {
  std::vector<double> values{5, 1, 4, 2, 3, 6};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_EQ(quantile(values, 0.9), 6);
  EXPECT_EQ(quantile(values, 1), 6);
  std::vector<double> hundred;
  for (int i = 1; i <= 100; ++i) hundred.push_back(i);
  EXPECT_EQ(quantile(hundred, 0.07), 7);
  EXPECT_EQ(quantile(hundred, 0.99), 99);
  std::vector<double> none;
  EXPECT_EQ(quantile(none, 0.5), 0);
}

TEST(Quantile, TheMedianOfAnEvenNumberIsBetweenTheMiddleTwo) {
  EXPECT_EQ(median({9, 1, 4, 2}), 3);
  EXPECT_EQ(median({9, 1, 4}), 4);
  EXPECT_EQ(median({7, 5}), 6);
  EXPECT_EQ(median({}), 0);
}

TEST(Process, ChildWorksOnItsOwnMemory) {
  if (has_other_threads()) GTEST_SKIP() << "a child of this process works without its threads";
  int value = 1;
  EXPECT_TRUE(run_in_child([&] { value = 2; }));
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(run_in_child([] { fail("no"); }));
  std::atomic<bool> done{false};
  std::jthread other([&] { done.wait(false); });
  EXPECT_FALSE(run_in_child([] {}));  // another thread may hold a lock at this moment
  done = true;
  done.notify_one();
}

TEST(Cpu, ReadsItsFeatures) {
  const CpuFeatures old = parse_cpu_info(
      "processor\t: 0\nmodel name\t: Old\nflags\t\t: fpu sse2 ssse3 avx2 fma\n\nflags\t: "
      "avx_vnni\n");
  EXPECT_EQ(old.name, "Old");
  EXPECT_TRUE(old.has("avx2"));
  EXPECT_TRUE(old.int8_products_saturate());
  EXPECT_TRUE(parse_cpu_info("flags : ssse3 sse4_2").int8_products_saturate());
  EXPECT_FALSE(parse_cpu_info("flags : ssse3 avx2 avx512_vnni").int8_products_saturate());
  const CpuFeatures pi = parse_cpu_info("Features\t: fp asimd asimddp\nModel\t: Raspberry Pi 5\n");
  EXPECT_EQ(pi.name, "Raspberry Pi 5");
  EXPECT_FALSE(pi.int8_products_saturate());
}

// 64-bit Arm tells numbers in place of a name.
TEST(Cpu, OfArmIsNamedByItsCoresAndItsBoard) {
  const auto core = [](const char* implementer, const char* part) {
    return fmt::format(
        "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: {}\n"
        "CPU architecture: 8\nCPU part\t: {}\nCPU revision\t: 0\n\n",
        implementer, part);
  };
  const std::string big_little =
      core("0x41", "0xd05") + core("0x41", "0xd05") + core("0x41", "0xd0b") + core("0x41", "0xd0b");
  EXPECT_EQ(parse_cpu_info(big_little, "ROCK 5B").name, "ROCK 5B, 2 x Cortex-A55, 2 x Cortex-A76");
  EXPECT_EQ(parse_cpu_info(core("0x61", "0x022")).name, "1 x core 0x61/0x022");
  EXPECT_EQ(parse_cpu_info("processor : 0\nisa : rv64gc\n", "VisionFive 2").name, "VisionFive 2");
}

// taskset, the cpuset of a container and CPUAffinity= keep a process to some cores. They are counted
// once in a process, and death tests run before all others. An emulated program cannot start itself
// anew, so this one forks.
TEST(CpuDeathTest, CountsOnlyTheCoresThatThisProcessMayRunOn) {
  GTEST_FLAG_SET(death_test_style, "fast");
  const auto count_on_one_core = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(::sched_getcpu(), &set);
    if (::sched_setaffinity(0, sizeof(set), &set) != 0) std::_Exit(99);
    std::_Exit(40 + usable_cores());
  };
  EXPECT_EXIT(count_on_one_core(), testing::ExitedWithCode(41), "");
}

TEST(Cpu, HasTheCoresOfItsQuota) {
  EXPECT_EQ(cores_of_quota("150000 100000\n"), 1.5);
  EXPECT_EQ(cores_of_quota("max 100000\n"), 0);
  EXPECT_EQ(cores_of_quota(""), 0);
  EXPECT_EQ(cores_of_quota("150000 0"), 0);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), cpu_features().cores);
  EXPECT_EQ(threads_or_all_cores(0), usable_cores());
}

// Writes a file of a made-up /sys/fs/cgroup.
void put(const std::filesystem::path& file, const std::string& text) {
  make_folder(file.parent_path());
  write_text_file(file, text + "\n");
}

TEST(Cpu, FindsTheQuotaOfControlGroupsOfVersion1) {
  const TemporaryFolder root;
  const auto quota = [&](const std::string& groups) { return smallest_quota(groups, root.path()); };
  put(root / "cpu/cpu.cfs_quota_us", "-1");
  put(root / "cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota("3:cpuset:/a\n1:cpu:/\n0::/\n"), 0) << "-1 is none";
  put(root / "cpu/a/cpu.cfs_quota_us", "250000");
  put(root / "cpu/a/cpu.cfs_period_us", "100000");
  put(root / "cpu/a/b/cpu.cfs_quota_us", "400000");
  put(root / "cpu/a/b/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota("1:cpu:/a/b/c\n"), 2.5) << "that of a group around it is smaller";
  EXPECT_EQ(quota("2:cpuset:/a/b\n7:memory:/a\nno line\n8\n"), 0) << "other controllers";
  put(root / "cpu,cpuacct/d/cpu.cfs_quota_us", "150000");
  put(root / "cpu,cpuacct/d/cpu.cfs_period_us", "50000");
  EXPECT_EQ(quota("4:cpuacct,cpu:/d\n"), 3);
}

TEST(Cpu, FindsTheQuotaOfControlGroupsOfVersion2) {
  const TemporaryFolder root;
  put(root / "a/cpu.max", "150000 100000");
  put(root / "a/b/cpu.max", "max 100000");
  EXPECT_EQ(smallest_quota("0::/a/b\n", root.path()), 1.5);
  EXPECT_EQ(smallest_quota("0:://\n", root.path()), 0);
  put(root / "unified/e/cpu.max", "50000 100000");
  EXPECT_EQ(smallest_quota("1:cpu:/\n0::/e\n", root.path()), 0.5) << "both versions";
}

TEST(SharedPool, UsesObjectsAgainWhenTheLastReaderLetsGo) {
  SharedPool<std::vector<int>> pool;
  auto first = pool.take();
  first->assign(100, 7);
  const int* const memory = first->data();
  std::shared_ptr<const std::vector<int>> reader = pool.share(std::move(first));
  {
    const std::shared_ptr<const std::vector<int>> other = reader;
    reader.reset();
    EXPECT_NE(pool.take()->data(), memory) << "somebody reads it";
    EXPECT_EQ(other->at(99), 7);
  }
  EXPECT_EQ(pool.take()->data(), memory);
}

TEST(SharedPool, ObjectsOutliveIt) {
  std::shared_ptr<const std::string> reader;
  {
    SharedPool<std::string> pool;
    auto text = pool.take();
    *text = "still there";
    reader = pool.share(std::move(text));
  }
  EXPECT_EQ(*reader, "still there");
}

TEST(SharedPool, AnyThreadMayBeTheLast) {
  SharedPool<std::string> pool;
  BoundedQueue<std::shared_ptr<const std::string>> queue(4);
  std::jthread reader([&] {
    int next = 0;
    while (const auto text = queue.pop()) EXPECT_EQ(**text, std::to_string(next++));
    EXPECT_EQ(next, 1000);
  });
  for (int i = 0; i < 1000; ++i) {
    auto text = pool.take();
    *text = std::to_string(i);
    queue.push(pool.share(std::move(text)));
  }
  queue.close();
}

}  // namespace
}  // namespace octet
