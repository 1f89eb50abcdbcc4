#include "tune/machine/heat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "core/file.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A tree of sysfs, made of the files that a machine had.
class Tree {
 public:
  void put(const std::string& file, const std::string& text) const {
    make_folder((folder_ / file).parent_path());
    write_text_file(folder_ / file, text + "\n");
  }
  [[nodiscard]] HeatReading read() const { return read_heat(folder_.path()); }
  [[nodiscard]] std::filesystem::path root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST(Heat, OfALaptop) {
  const Tree tree;
  tree.put("class/thermal/thermal_zone0/type", "acpitz");
  tree.put("class/thermal/thermal_zone0/temp", "47000");
  tree.put("class/thermal/thermal_zone1/type", "x86_pkg_temp");
  tree.put("class/thermal/thermal_zone1/temp", "61500");
  tree.put("class/thermal/thermal_zone1/trip_point_0_type", "passive");
  tree.put("class/thermal/thermal_zone1/trip_point_0_temp", "95000");
  tree.put("devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "1800000");
  tree.put("devices/system/cpu/cpufreq/policy1/scaling_cur_freq", "3400000");
  tree.put("devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "4");
  tree.put("devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "1");
  const HeatReading reading = tree.read();
  EXPECT_EQ(reading.celsius, 61.5);
  EXPECT_EQ(reading.zone, "x86_pkg_temp");
  EXPECT_EQ(reading.below_trip, 33.5);
  EXPECT_EQ(reading.mhz, 3400);
  EXPECT_EQ(reading.throttlings, 5);
  EXPECT_TRUE(reading.ignored.empty());
}

// The skin of a laptop has a low trip point, which says nothing of its processor.
TEST(Heat, AZoneIsComparedWithItsOwnTripPoint) {
  const Tree tree;
  const auto zone = [&](int number, const char* type, const char* celsius, const char* trip) {
    const std::string folder = "class/thermal/thermal_zone" + std::to_string(number);
    tree.put(folder + "/type", type);
    tree.put(folder + "/temp", celsius);
    tree.put(folder + "/trip_point_0_type", "passive");
    tree.put(folder + "/trip_point_0_temp", trip);
  };
  zone(0, "skin", "38000", "50000");
  zone(1, "cpu-thermal", "60000", "95000");
  zone(2, "iwlwifi_1", "66000", "105000");
  const HeatReading reading = tree.read();
  EXPECT_EQ(reading.below_trip, 12);
  EXPECT_EQ(reading.zone, "cpu-thermal") << "and not the hottest";
  std::vector<HeatSample> list(30, {.seconds = 0, .reading = reading});
  for (size_t i = 0; i < list.size(); ++i) list[i].reading.mhz = i < 10 ? 4700 : 3200;
  EXPECT_FALSE(report_heat(list).throttled) << "that was its turbo";
  zone(0, "skin", "48000", "50000");
  list[20].reading.below_trip = tree.read().below_trip;
  EXPECT_TRUE(report_heat(list).throttled);
}

TEST(Heat, OfARaspberryPi) {
  const Tree tree;
  tree.put("class/thermal/thermal_zone0/type", "cpu-thermal");
  tree.put("class/thermal/thermal_zone0/temp", "78300");
  tree.put("devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "1500000");
  tree.put("devices/platform/soc/soc:firmware/get_throttled", "50005");
  const HeatReading reading = tree.read();
  EXPECT_EQ(reading.celsius, 78.3);
  EXPECT_EQ(reading.pi_flags, 0x50005U);
  const HeatReport report = report_heat({{0, reading}, {1, reading}});
  EXPECT_TRUE(report.throttled);
  EXPECT_THAT(report.text(), HasSubstr("throttled"));
}

TEST(Heat, SensorsThatLieAreIgnoredAndSaid) {
  const Tree tree;
  tree.put("class/thermal/thermal_zone0/type", "broken");
  tree.put("class/thermal/thermal_zone0/temp", "0");
  tree.put("class/thermal/thermal_zone1/type", "below");
  tree.put("class/thermal/thermal_zone1/temp", "-274000");
  tree.put("class/thermal/thermal_zone2/type", "odd");
  tree.put("class/thermal/thermal_zone2/temp", "no number");
  tree.put("devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "0");
  const HeatReading reading = tree.read();
  EXPECT_FALSE(reading.celsius);
  EXPECT_FALSE(reading.mhz);
  EXPECT_THAT(reading.ignored,
              ElementsAre("broken says 0 °C", "below says -274 °C", "policy0 says 0 MHz"));
  const HeatReport report = report_heat({{0, reading}, {1, reading}});
  EXPECT_EQ(report.ignored.size(), 3U) << "each once";
  EXPECT_THAT(report.text(), HasSubstr("below says -274 °C"));
  EXPECT_THAT(report.text(), HasSubstr("neither temperature nor clock"));
}

TEST(Heat, ACounterThatCannotBeIsNoCounter) {
  const Tree tree;
  tree.put("devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "1e300");
  EXPECT_FALSE(tree.read().throttlings);
}

TEST(Heat, AMachineWithoutSensorsIsSilent) {
  const TemporaryFolder empty;
  const HeatReading reading = read_heat(empty.path());
  EXPECT_FALSE(reading.celsius || reading.mhz || reading.throttlings || reading.pi_flags);
  EXPECT_FALSE(report_heat({{0, reading}}).known);
  EXPECT_FALSE(report_heat({}).known);
}

TEST(Heat, FlagsOfBothForms) {
  EXPECT_EQ(parse_pi_flags("throttled=0x50005\n"), 0x50005U);
  EXPECT_EQ(parse_pi_flags("0"), 0U);
  EXPECT_FALSE(parse_pi_flags(""));
  EXPECT_FALSE(parse_pi_flags("throttled=maybe"));
}

// A reading a second.
std::vector<HeatSample> samples(const std::vector<std::pair<double, double>>& celsius_and_mhz,
                                double trip = 80) {
  std::vector<HeatSample> out;
  for (const auto& [celsius, mhz] : celsius_and_mhz) {
    HeatReading reading;
    reading.celsius = celsius;
    reading.mhz = mhz;
    reading.below_trip = trip - celsius;
    out.push_back({static_cast<double>(out.size()), reading});
  }
  return out;
}

// A tuning of hours: what was seen at any time stays, and the end is seen too.
TEST(Heat, OldSamplesMakeRoomForNewOnes) {
  std::vector<HeatSample> list;
  int thinned = 0;
  for (int i = 0; i < 100; ++i) {
    HeatReading reading{.celsius = i == 30 ? 90 : 50, .pi_flags = i == 41 ? 4U : 0U};
    if (i == 99) reading.celsius = 70;
    thinned += add_sample(list, {static_cast<double>(i), reading}, 16) ? 1 : 0;
  }
  EXPECT_LE(list.size(), 17U);
  EXPECT_GT(thinned, 2);
  const HeatReport report = report_heat(list);
  EXPECT_EQ(report.highest_celsius, 90);
  EXPECT_EQ(report.last_celsius, 70);
  EXPECT_FALSE(report.steady);
  EXPECT_TRUE(report.throttled);
  for (size_t i = 1; i < list.size(); ++i) EXPECT_GT(list[i].seconds, list[i - 1].seconds);
}

TEST(Heat, SaysWhenTheMachineIsNotWarmYet) {
  std::vector<std::pair<double, double>> rising, steady;
  for (int i = 0; i < 60; ++i) {
    rising.emplace_back(40 + 0.3 * i, 3000);
    steady.emplace_back(std::min(40 + 0.9 * i, 60.0), 3000);
  }
  EXPECT_FALSE(report_heat(samples(rising)).steady);
  EXPECT_THAT(report_heat(samples(rising)).text(), HasSubstr("still rising"));
  EXPECT_TRUE(report_heat(samples(steady)).steady);
  EXPECT_EQ(report_heat(samples(steady)).highest_celsius, 60);
}

TEST(Heat, AClockThatFallsIsThrottledOnlyWhereItIsHot) {
  std::vector<std::pair<double, double>> hot, cool;
  for (int i = 0; i < 30; ++i) {
    hot.emplace_back(60 + i, i < 15 ? 2400 : 1200);
    cool.emplace_back(45, i < 15 ? 2400 : 1200);
  }
  EXPECT_TRUE(report_heat(samples(hot)).throttled);
  EXPECT_FALSE(report_heat(samples(cool)).throttled) << "the governor of the system did that";
  auto list = samples(hot);
  for (HeatSample& s : list) s.reading.below_trip.reset();
  EXPECT_FALSE(report_heat(list).throttled) << "nobody knows where it slows down";
  list = samples(hot);
  for (HeatSample& s : list) s.reading.throttlings = 3;
  EXPECT_FALSE(report_heat(list).throttled) << "the system counts, and counted nothing";
  list = samples(hot);
  for (HeatSample& s : list) s.reading.pi_flags = 0x50000;
  EXPECT_FALSE(report_heat(list).throttled) << "it was in the past";
}

TEST(Heat, CountedThrottlingsAreSeen) {
  auto list = samples({{50, 3000}, {50, 3000}});
  list[0].reading.throttlings = 7;
  list[1].reading.throttlings = 7;
  EXPECT_FALSE(report_heat(list).throttled);
  list[1].reading.throttlings = 9;
  EXPECT_TRUE(report_heat(list).throttled);
}

TEST(HeatWatch, ReadsFromTheFirstMomentOn) {
  const Tree tree;
  tree.put("class/thermal/thermal_zone0/temp", "52000");
  const HeatWatch watch(tree.root());
  for (int i = 0; i < 100 && !watch.report().known; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(watch.report().first_celsius, 52);
}

// Its thread outlives a tool that is there and cannot be started.
TEST(HeatWatch, GoesOnWithoutAToolThatCannotBeStarted) {
  const TemporaryFolder folder;
  write_text_file(folder / "vcgencmd", "no program");
  std::filesystem::permissions(folder / "vcgencmd", std::filesystem::perms::owner_read);
  const char* before = std::getenv("PATH");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("PATH", folder.path().c_str(), 1);
  {
    const HeatWatch watch("/sys");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_FALSE(watch.report().throttled);
  }
  ::setenv("PATH", kept.c_str(), 1);
}

}  // namespace
}  // namespace octet
