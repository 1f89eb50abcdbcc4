#include "machine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/recorded_tree.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kData = OCTET_SOURCE_DIR "/tests/data/machine/";

std::vector<std::string> texts(const std::vector<Temperature>& list) {
  std::vector<std::string> out;
  for (const Temperature& t : list) out.push_back(fmt::format("{} {:.1f}", t.sensor, t.celsius));
  return out;
}
std::vector<std::string> texts(const std::vector<ProcessorClock>& list) {
  std::vector<std::string> out;
  for (const ProcessorClock& c : list)
    out.push_back(
        fmt::format("{}: {} {}/{}/{}", c.cores, c.governor, c.mhz, c.allowed_mhz, c.most_mhz));
  return out;
}
std::vector<std::string> texts(const std::vector<ProcessorCache>& list) {
  std::vector<std::string> out;
  for (const ProcessorCache& c : list) out.push_back(fmt::format("{} {}", c.name, c.bytes));
  return out;
}

TEST(Machine, OfARaspberryPi) {
  const RecordedTree tree(kData + "raspberry-pi-4.txt");
  const SystemFiles files(tree.root());
  EXPECT_THAT(texts(read_temperatures(files)), ElementsAre("cpu-thermal 48.3"));
  EXPECT_THAT(texts(read_clocks(files)), ElementsAre("0 1 2 3: ondemand 600/1000/1800"));
  EXPECT_THAT(texts(read_caches(files)), ElementsAre("L1d 32768", "L1i 49152", "L2 1048576"));
  const auto m = read_memory(files);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->total, int64_t{3884368} * 1024);
  EXPECT_EQ(m->available, int64_t{3021544} * 1024);
}

// 0 °C, absolute zero, nothing and 255 °C are no temperatures of a processor.
TEST(Machine, SensorsThatLieAreLeftOut) {
  const RecordedTree tree(kData + "pc.txt");
  const SystemFiles files(tree.root());
  EXPECT_THAT(texts(read_temperatures(files)), ElementsAre("x86_pkg_temp 61.0", "coretemp 62.0"));
  EXPECT_THAT(texts(read_clocks(files)),
              ElementsAre("0: powersave 2419/4700/4700", "12: powersave 0/0/0"));
  EXPECT_THAT(texts(read_caches(files)), ElementsAre("L1d 49152", "L3 25165824"));
}

// A case that is warm, and a radio that is hot, are no processor.
TEST(Machine, TheProcessorsSensorIsTakenByItsName) {
  const auto sensor_of = [](const std::vector<Temperature>& sensors) {
    return processor_temperature(sensors).value_or(Temperature{.sensor = "none"}).sensor;
  };
  EXPECT_EQ(sensor_of({{"acpitz", 27.8}, {"iwlwifi_1", 70}, {"x86_pkg_temp", 61}}), "x86_pkg_temp");
  EXPECT_EQ(sensor_of({{"littlecore-thermal", 50}, {"bigcore0-thermal", 64}, {"gpu-thermal", 80}}),
            "bigcore0-thermal");
  EXPECT_EQ(sensor_of({{"acpitz", 27.8}, {"k10temp", 55}}), "k10temp");
  EXPECT_EQ(sensor_of({{"acpitz", 27.8}, {"thermal_zone3", 40}}), "thermal_zone3");
  EXPECT_EQ(sensor_of({}), "none");
}

TEST(Machine, WithoutFilesThereIsNothing) {
  const TemporaryFolder empty;
  const SystemFiles files(empty.path());
  EXPECT_THAT(read_temperatures(files), IsEmpty());
  EXPECT_THAT(read_clocks(files), IsEmpty());
  EXPECT_THAT(read_caches(files), IsEmpty());
  EXPECT_FALSE(read_memory(files));
}

TEST(Machine, AContainerHasTheMemoryOfItsLimit) {
  const TemporaryFolder folder;
  const auto put = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder / file).parent_path());
    std::ofstream(folder / file) << text << '\n';
  };
  const SystemFiles files(folder.path());
  put("proc/meminfo", "MemTotal: 24000000 kB\nMemAvailable: 20000000 kB");
  put("proc/self/cgroup", "0::/a/b");
  put("sys/fs/cgroup/a/b/memory.max", "max");
  EXPECT_EQ(read_memory(files)->total, int64_t{24000000} << 10) << "no limit";
  put("sys/fs/cgroup/a/memory.max", "536870912");
  put("sys/fs/cgroup/a/memory.current", "300000000");
  put("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 100000000");
  EXPECT_EQ(read_memory(files)->total, 536870912) << "of the group around it";
  EXPECT_EQ(read_memory(files)->available, 336870912);
  put("proc/self/cgroup", "5:memory:/c\n4:cpu:/a");
  put("sys/fs/cgroup/memory/c/memory.limit_in_bytes", "1000000000");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(read_memory(files)->total, 1000000000) << "of version 1";
}

TEST(Machine, ThisOneHasMemory) {
  const auto m = read_memory(SystemFiles());
  ASSERT_TRUE(m);
  EXPECT_GT(m->total, m->available);
  EXPECT_GT(m->available, 1 << 20);
}

TEST(SystemFiles, ReadTextAndNumbers) {
  const TemporaryFolder folder;
  std::ofstream(folder / "long") << std::string(100'000, 'x');
  std::ofstream(folder / "number") << "-12 °C\n\n";
  std::ofstream(folder / "huge") << "99999999999999999999";
  std::filesystem::create_directories(folder / "zone3");
  std::filesystem::create_directories(folder / "zone12");
  std::filesystem::create_directories(folder / "zone3:1");
  std::filesystem::create_directories(folder / "zone");
  const SystemFiles files(folder.path());
  EXPECT_EQ(files.text("long")->size(), size_t{64} << 10);
  EXPECT_EQ(files.text("number"), "-12 °C");
  EXPECT_EQ(files.number("number"), -12);
  EXPECT_FALSE(files.number("huge"));
  EXPECT_FALSE(files.text("zone3"));
  EXPECT_THAT(files.numbered("", "zone"), ElementsAre("zone3", "zone12"));
}

}  // namespace
}  // namespace octet
